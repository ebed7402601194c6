/** What the library says of its options, said of those of the command line. Pure. */
import { camelCase, type OptionDescription } from './description.js'

/** Options of the library that have other names here. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ['buckets', '--bucket'],
  ['dataDir', '--data'],
  ['expectedDigest.crc64', '--expect-crc64'],
  ['expectedDigest.md5', '--expect-md5'],
  ['expectedDigest.sha256', '--expect-sha256'],
  ['forbidOverwrite', '--no-clobber'],
  ['headers', '--header'],
  // That of the file which `--checkpoint` names.
  ['path', '--checkpoint'],
  ['retry.maxAttempts', '--max-attempts'],
  ['retry.maxElapsedMs', '--max-elapsed'],
  ['secure', '--no-secure'],
  ['serverSideEncryption', '--sse'],
  ['sourceVersion', '--checkpoint'],
  ['tagging', '--tag'],
  ['timeouts.connectMs', '--connect-timeout'],
  ['timeouts.responseMs', '--response-timeout'],
  ['timeouts.stallMs', '--stall-timeout'],
])

/** What is no option here, but an argument or a variable. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['accessKeyId', 'the key id'],
  ['accessKeySecret', 'the key secret'],
  ['bucket', 'the bucket'],
  ['credentials', 'the credentials'],
  ['key', 'the key'],
  ['securityToken', 'the session token'],
  ['target', 'the target'],
])

/** Where a name alone does not tell what is meant. */
const PHRASES: readonly (readonly [pattern: RegExp, (...found: readonly string[]) => string])[] = [
  [/`credentials`, or /, () => ''],
  [/set by this library/, () => 'set by osspipe'],
  [/\ba `dataDir`/, () => '--data DIR'],
  // The words above have an article of their own.
  [/\ban `(accessKeyId|accessKeySecret)`/, (_, name = '') => `\`${name}\``],
  [
    /(MD5|SHA-256|CRC-64)( \S+, not \S+ as )`expectedDigest`/,
    (_, algorithm = '', between = '') =>
      `${algorithm}${between}--expect-${algorithm.toLowerCase().replace('-', '')}`,
  ],
]

/** A name, or an entry of what it names, in backticks: `meta`, `meta["a"]`; not a value that was got. */
const QUOTED = /(?<!\bgot )`([\w.]+)(?:\[("(?:\\.|[^"\\])*")\])?`/g

/** @param options those of the command */
export function inOptionNames(message: string, options: readonly OptionDescription[]): string {
  const own = new Map(options.map(({ name }) => [camelCase(name), `--${name}`]))
  return PHRASES.reduce(
    (text, [pattern, replacement]) => text.replace(pattern, replacement),
    message,
  ).replace(QUOTED, (quoted, name: string, entry: string | undefined) => {
    const known = own.get(name) ?? RENAMED.get(name) ?? WORDS.get(name)
    if (known === undefined) return quoted
    return entry === undefined ? known : `${known} ${entry}`
  })
}
