/** `npm run soak -- --minutes 5 --seed 7`: ends with 1 on any lie, leak, or error that nobody caught. */
import { parseArgs } from 'node:util'
import { runSoak } from './soak.js'

/** More than this, and something grows with the number of uploads. */
const MOST_MEMORY = 1024 ** 3
/** So long the process may take to end by itself, in milliseconds. */
const PATIENCE_MS = 15_000

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    uploads: { type: 'string', default: '20000' },
    lanes: { type: 'string', default: '8' },
    from: { type: 'string', default: '0' },
  },
})
const number = (name: keyof typeof values): number => {
  const value = Number(values[name])
  if (values[name] !== '' && Number.isFinite(value) && value >= 0) return value
  throw new RangeError(`Expected --${name} to be a number from 0, got ${values[name]}`)
}

const uncaught: string[] = []
process.on('unhandledRejection', (reason) => uncaught.push(`unhandled rejection: ${reason}`))
process.on('uncaughtException', (error) => uncaught.push(`uncaught exception: ${error.stack}`))

const seed = number('seed')
const end = Date.now() + number('minutes') * 60_000
console.log(`soak with --seed ${seed}`)
const tally = await runSoak({
  seed,
  uploads: number('uploads'),
  lanes: number('lanes'),
  from: number('from'),
  isOver: () => Date.now() > end,
})
if (tally.peakRss > MOST_MEMORY) tally.lies.push('memory grows beyond all bounds')
tally.lies.push(...uncaught)
console.log(tally.text(seed))
process.exitCode = tally.lies.length === 0 ? 0 : 1
process.on('exit', () => {
  if (uncaught.length > 0) process.exitCode = 1
})
setTimeout(() => {
  console.error(`Something keeps the process alive: ${process.getActiveResourcesInfo()}`)
  process.exit(1)
}, PATIENCE_MS).unref()
