/**
 * The form in which commands are described: as data, from which the parser, `--help`, the shells'
 * completion, the manual page and the types of the options a command gets are made.
 */

/** Turns the text of a value into the value. `name` is how the message of a UsageError calls it. */
export type ValueParser<T> = (text: string, name: string) => T

/** The value an option takes. */
export interface ValueDescription {
  /** As the help calls it, such as `SIZE`. */
  readonly placeholder: string
  readonly parse: ValueParser<unknown>
  /** All it may be, if they are few. */
  readonly choices?: readonly string[]
  /** What a shell may offer. */
  readonly completes?: 'file' | 'directory'
}

export interface OptionDescription {
  /** Long name without dashes, in kebab-case. */
  readonly name: string
  /** One letter. */
  readonly short?: string
  readonly summary: string
  /** Absent: the option is a flag. */
  readonly value?: ValueDescription
  /** May be given several times: the command gets an array. */
  readonly repeatable?: boolean
  /** Variable that stands in for the option; of a repeatable one, values separated by commas. */
  readonly env?: string
  /** The library reads the variable itself, by rules of its own; the command gets the option alone. */
  readonly envReader?: 'library'
  /** As the help tells it. */
  readonly default?: string
}

/** Options that several commands share stand under a heading. */
export interface OptionGroup {
  readonly title: string
  readonly options: readonly OptionDescription[]
}

export interface ArgumentDescription {
  readonly name: string
  readonly summary: string
  readonly completes?: 'file' | 'choices'
  readonly choices?: readonly string[]
}

export interface CommandDescription {
  readonly name: string
  /** One line, lower-case, without a full stop. */
  readonly summary: string
  /** What follows the name, one a line: `[options] TARGET`. */
  readonly usage: readonly string[]
  /** Paragraphs. */
  readonly description: readonly string[]
  readonly arguments: readonly ArgumentDescription[]
  /** How many operands there may be. */
  readonly operands: readonly [least: number, most: number]
  /** What follows `--` is the command of a child process. */
  readonly takesChild?: boolean
  /** Whether standard output is for bytes: then nothing else may come there. */
  readonly givesBytes?: (line: readonly string[]) => boolean
  readonly groups: readonly OptionGroup[]
  readonly examples: readonly Example[]
  /** Keys of the table of exit codes that it may end with. */
  readonly exitCodes: readonly number[]
}

export interface Example {
  readonly text: string
  readonly command: string
}

/** All options of a command. */
export function optionsOf(command: CommandDescription): readonly OptionDescription[] {
  return command.groups.flatMap(({ options }) => options)
}

/** `part-size` → `partSize`. */
export function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}

type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name

type ValueOf<Option> = Option extends { value: { parse: ValueParser<infer T> } }
  ? Option extends { repeatable: true }
    ? readonly T[]
    : T
  : boolean

type Values<Option extends OptionDescription> = {
  readonly [Each in Option as CamelCase<Each['name']>]?: ValueOf<Each> | undefined
}

/** The options that a command of this description gets, under their names in camelCase. */
export type OptionsOf<Command extends CommandDescription> = Values<
  Command['groups'][number]['options'][number]
>

/** The same for a group that commands share. */
export type GroupOptions<Group extends OptionGroup> = Values<Group['options'][number]>
