/** Which memory budget an upload draws on: its client's own, or the one that the process shares. */
import { totalmem } from 'node:os'
import type { OssClient } from './client/client.js'
import { defaultBudget, MemoryBudget } from './upload/memory-budget.js'

const processBudget = new MemoryBudget(defaultBudget(totalmem(), process.constrainedMemory?.()))
const budgets = new WeakMap<OssClient, MemoryBudget>()

export function budgetOf(client: OssClient): MemoryBudget {
  const { memoryBudget } = client
  if (memoryBudget === undefined) return processBudget
  const known = budgets.get(client)
  if (known !== undefined) return known
  const budget = new MemoryBudget(memoryBudget)
  budgets.set(client, budget)
  return budget
}
