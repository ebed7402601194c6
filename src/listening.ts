/** Types of listeners to events that a stream tells beside Node's own; there is nothing at run time. */

/** @typeParam Events the arguments of each event, by its name */
export interface Listening<Events extends { [Name in keyof Events]: unknown[] }> {
  on<Name extends keyof Events>(name: Name, listener: (...values: Events[Name]) => void): this
  once<Name extends keyof Events>(name: Name, listener: (...values: Events[Name]) => void): this
  addListener<Name extends keyof Events>(
    name: Name,
    listener: (...values: Events[Name]) => void,
  ): this
  off<Name extends keyof Events>(name: Name, listener: (...values: Events[Name]) => void): this
}
