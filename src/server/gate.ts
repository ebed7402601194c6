/** A door that is closed until it is opened, once and for all. */

export class Gate {
  readonly passed: Promise<void>
  #resolve: () => void = () => {}
  #open = false

  constructor() {
    this.passed = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  get isOpen(): boolean {
    return this.#open
  }

  /** Lets everybody who waits for {@link passed} through; opening it again does nothing. */
  open(): void {
    this.#open = true
    this.#resolve()
  }
}
