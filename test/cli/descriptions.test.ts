/** All that is made of the descriptions: help, completion, manual page. */
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { DESCRIPTIONS } from '../../src/cli/commands.js'
import { bashCompletion } from '../../src/cli/completion/bash.js'
import { fishCompletion } from '../../src/cli/completion/fish.js'
import { zshCompletion } from '../../src/cli/completion/zsh.js'
import { optionsOf } from '../../src/cli/description.js'
import { EXIT_CODES } from '../../src/cli/exit-codes.js'
import { commandHelp, programHelp } from '../../src/cli/help.js'
import { manPage } from '../../src/cli/man-page.js'

const rows = DESCRIPTIONS.flatMap((command) =>
  optionsOf(command).map((option) => ({ command, option })),
)
const line = (...parts: string[]) => parts.join('\n')

describe('the descriptions', () => {
  it.each(DESCRIPTIONS)('name nothing twice in $name', (command) => {
    const options = optionsOf(command)
    const names = options.flatMap(({ name, short }) => [name, ...(short ? [short] : [])])
    expect(new Set(names).size).toBe(names.length)
    const variables = options.flatMap(({ env }) => (env === undefined ? [] : [env]))
    expect(new Set(variables).size).toBe(variables.length)
  })

  it.each(DESCRIPTIONS)('tell exit codes of $name that there are', ({ exitCodes }) => {
    expect(exitCodes.filter((code) => !EXIT_CODES.has(code))).toEqual([])
    expect(exitCodes).toEqual(expect.arrayContaining([0, 2]))
  })

  it('never take a secret as an option, but for the server of tests', () => {
    const secrets = rows.filter(
      ({ command, option }) => command.name !== 'serve' && /secret|token|key-id/.test(option.name),
    )
    expect(secrets.filter(({ option }) => option.name !== 'sse-kms-key-id')).toEqual([])
  })
})

describe('the help', () => {
  it('has every command, and every exit code', () => {
    const help = programHelp(DESCRIPTIONS)
    for (const { name, summary } of DESCRIPTIONS) {
      expect(help).toContain(`osspipe ${name}`)
      expect(help).toContain(summary)
    }
    for (const [code, text] of EXIT_CODES) expect(help).toContain(`  ${code}        ${text}`)
  })

  it.each(DESCRIPTIONS)('of $name has all its options, variables and examples', (command) => {
    const help = commandHelp(command)
    for (const { name, short, env } of optionsOf(command)) {
      expect(help).toContain(short === undefined ? `--${name}` : `-${short}, --${name}`)
      if (env !== undefined) expect(help.replace(/\s+/g, ' ')).toContain(`variable: ${env}`)
    }
    expect(command.examples.length).toBeGreaterThan(0)
    for (const example of command.examples) expect(help).toContain(`  ${example.command}`)
  })

  it.each(DESCRIPTIONS)('of $name fits 100 columns, but for commands to copy', (command) => {
    const examples = new Set(command.examples.map((each) => `  ${each.command}`))
    const long = commandHelp(command)
      .split('\n')
      .filter((each) => each.length > 100 && !examples.has(each))
    expect(long).toEqual([])
  })
})

describe('the completion', () => {
  it.each([
    ['commands', ['osspipe', 's'], ['serve']],
    ['options', ['osspipe', 'serve', '--acc'], ['--access-key-id', '--access-key-secret']],
    ['a few words', ['osspipe', 'completion', 'z'], ['zsh']],
    ['nothing for a value of any kind', ['osspipe', 'serve', '--port', ''], []],
  ])('of bash offers %s', (_name, words, offers) => {
    const script = line(
      bashCompletion(DESCRIPTIONS),
      `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})`,
      `COMP_CWORD=${words.length - 1}`,
      '_osspipe',
      `printf '%s\\n' "\${COMPREPLY[@]}"`,
    )
    const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(stdout.split('\n').filter((each) => each !== '')).toEqual(offers)
  })

  it('of zsh and fish has every option of every command', () => {
    const zsh = zshCompletion(DESCRIPTIONS)
    const fish = fishCompletion(DESCRIPTIONS).split('\n')
    for (const { command, option } of rows) {
      expect(zsh).toContain(`--${option.name}[`)
      const start = `complete -c osspipe -n '__fish_seen_subcommand_from ${command.name}'`
      const found = fish.some((each) => each.startsWith(`${start} -l ${option.name} `))
      expect(found, `${command.name} ${option.name}`).toBe(true)
    }
  })
})

describe('the manual page', () => {
  it('has every command, option and exit code', () => {
    const page = manPage(DESCRIPTIONS)
    for (const { command, option } of rows) {
      expect(page).toContain(`.SS osspipe ${command.name}`)
      expect(page).toContain(`\\-\\-${option.name.replaceAll('-', '\\-')}`)
    }
    for (const code of EXIT_CODES.keys()) expect(page).toContain(`\\fB${code}\\fR`)
  })

  it('has no line that roff would take for something else', () => {
    const requests = manPage(DESCRIPTIONS)
      .split('\n')
      .filter((each) => /^[.']/.test(each))
      .map((each) => each.split(' ')[0])
    const known = ['.TH', '.SH', '.SS', '.TP', '.PP', '.br', '.nf', '.fi', '.RS', '.RE']
    expect(requests.filter((each) => !known.includes(each ?? ''))).toEqual([])
  })
})
