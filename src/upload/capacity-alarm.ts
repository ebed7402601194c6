/** Tells, once, that an upload has used most of what its plan can hold: in time to plan the next one. */
import { capacityOf, type PartPlan } from '../protocol/part-plan.js'

const SHARE = 0.8

export interface CapacityAlarmSettings {
  readonly plan: PartPlan
  /** With an exact size the plan has been held against the end already: there is no alarm. */
  readonly exactSize?: number | undefined
  readonly hooks: { onCapacity(capacity: number): void }
}

export class CapacityAlarm {
  readonly #settings: CapacityAlarmSettings
  #isTold: boolean

  constructor(settings: CapacityAlarmSettings) {
    this.#settings = settings
    this.#isTold = settings.exactSize !== undefined
  }

  /** To be asked as the upload grows. */
  check(bytes: number): void {
    if (this.#isTold) return
    const capacity = capacityOf(this.#settings.plan)
    if (bytes <= SHARE * capacity) return
    this.#isTold = true
    this.#settings.hooks.onCapacity(capacity)
  }
}
