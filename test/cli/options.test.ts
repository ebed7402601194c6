/** From a command line and the environment to the options that a command gets. */
import { describe, expect, it } from 'vitest'
import type { Environment } from '../../src/cli/context.js'
import { type CommandDescription, optionsOf } from '../../src/cli/description.js'
import { optionValues } from '../../src/cli/option-values.js'
import { parseLine } from '../../src/cli/program.js'
import { UsageError } from '../../src/cli/usage-error.js'
import { integerFrom, parsePair, parseText } from '../../src/cli/value-parsers.js'

const COMMAND: CommandDescription = {
  name: 'do',
  summary: 'does something',
  usage: ['A B'],
  description: [],
  arguments: [
    { name: 'A', summary: '' },
    { name: 'B', summary: '' },
  ],
  operands: [1, 2],
  takesChild: true,
  groups: [
    {
      title: 'Options',
      options: [
        { name: 'json', env: 'OSS_JSON', summary: '' },
        { name: 'quiet', short: 'q', summary: '' },
        { name: 'no-clobber', env: 'OSS_NO_CLOBBER', summary: '' },
        {
          name: 'part-count',
          short: 'n',
          value: { placeholder: 'N', parse: integerFrom(1) },
          env: 'OSS_PART_COUNT',
          summary: '',
        },
        {
          name: 'meta',
          value: { placeholder: 'K=V', parse: parsePair },
          repeatable: true,
          env: 'OSS_META',
          summary: '',
        },
        {
          name: 'region',
          value: { placeholder: 'R', parse: parseText },
          env: 'OSS_REGION',
          envReader: 'library',
          summary: '',
        },
      ],
    },
  ],
  examples: [],
  exitCodes: [0],
}

function parse(line: readonly string[], env: Environment = {}) {
  const parsed = parseLine(COMMAND, line)
  return { ...parsed.arguments, options: optionValues(optionsOf(COMMAND), parsed.given, env) }
}

describe('a command line', () => {
  it.each<[string[], object]>([
    [['a'], {}],
    [['a', '--json', '-q'], { json: true, quiet: true }],
    [['--part-count', '3', 'a'], { partCount: 3 }],
    [['--part-count=3', 'a'], { partCount: 3 }],
    [['-n3', 'a'], { partCount: 3 }],
    [['-n', '3', '-n', '4', 'a'], { partCount: 4 }],
    [
      ['a', '--meta', 'x=1', '--meta=y='],
      {
        meta: [
          ['x', '1'],
          ['y', ''],
        ],
      },
    ],
    [['a', '--no-clobber'], { noClobber: true }],
    [['a', '--clobber'], { noClobber: false }],
    [['a', '--no-json'], { json: false }],
    [['a', '--region', ''], { region: '' }],
    [['a', '--region', '--json'], { region: '--json' }],
  ])('of %j gives the options', (line, options) => {
    expect(parse(line)).toEqual({ operands: ['a'], child: undefined, options })
  })

  it('leaves what follows `--` to the child', () => {
    expect(parse(['a', '--', 'pg_dump', '--json', '--', '-h'])).toEqual({
      operands: ['a'],
      child: ['pg_dump', '--json', '--', '-h'],
      options: {},
    })
    expect(parse(['-', 'b', '--'])).toMatchObject({ operands: ['-', 'b'], child: [] })
  })

  it('leaves what follows `--` among the operands where there is no child', () => {
    const command = { ...COMMAND, takesChild: false }
    expect(parseLine(command, ['--', '--json']).arguments.operands).toEqual(['--json'])
  })

  it('asks for help wherever that stands, whatever else is wrong', () => {
    for (const line of [['--help'], ['-h', '--nope'], ['a', 'b', 'c', '--help']]) {
      expect(parseLine(COMMAND, line).wantsHelp).toBe(true)
    }
    expect(parseLine(COMMAND, ['a', '--', '--help']).wantsHelp).toBe(false)
  })

  it.each([
    [['a', '--jso'], "Unknown option '--jso' (Did you mean --json?)"],
    [['a', '-x'], "Unknown option '-x'"],
    [['a', '--meta'], "Option '--meta <K=V>' argument missing"],
    [['a', '--json=1'], "Unknown option '--json=1' (Did you mean --json?)"],
    [[], 'Expected 1 to 2 arguments (A, B), got 0'],
    [['a', 'b', 'c'], 'Expected 1 to 2 arguments (A, B), got 3'],
    [['a', '-n', 'x'], 'Expected --part-count to be an integer from 1, got "x"'],
  ])('%j is refused', (line, message) => {
    const refusal = (() => {
      try {
        return parse(line)
      } catch (error) {
        return error
      }
    })()
    expect(refusal).toBeInstanceOf(UsageError)
    expect(refusal).toMatchObject({ message })
  })
})

describe('a variable', () => {
  it('stands in for an option', () => {
    const env = {
      OSS_JSON: '1',
      OSS_NO_CLOBBER: 'yes',
      OSS_PART_COUNT: '3',
      OSS_META: 'x=1,y=2',
    }
    expect(parse(['a'], env).options).toEqual({
      json: true,
      noClobber: true,
      partCount: 3,
      meta: [
        ['x', '1'],
        ['y', '2'],
      ],
    })
  })

  it('yields to the option', () => {
    const env = { OSS_JSON: '1', OSS_NO_CLOBBER: '1', OSS_PART_COUNT: 'x', OSS_META: 'x' }
    const line = ['a', '--no-json', '--clobber', '-n', '3', '--meta', 'x=1']
    expect(parse(line, env).options).toEqual({
      json: false,
      noClobber: false,
      partCount: 3,
      meta: [['x', '1']],
    })
  })

  it('that is empty is none, and one of the library is left to it', () => {
    expect(parse(['a'], { OSS_JSON: '', OSS_PART_COUNT: '', OSS_REGION: 'r' }).options).toEqual({})
  })

  it('is named when it is wrong', () => {
    expect(() => parse(['a'], { OSS_PART_COUNT: '0' })).toThrow(
      'Expected OSS_PART_COUNT to be an integer from 1, got "0"',
    )
    expect(() => parse(['a'], { OSS_JSON: 'x' })).toThrow('Expected OSS_JSON to be 1 or 0')
  })
})
