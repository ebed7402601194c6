/** The migration tables speak of names that exist: ours in the code, theirs in the package they are from. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import * as face from '../../src/index.js'
import { OPTION_NAMES } from '../../src/resolve-options.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PAGE = readFileSync(`${ROOT}/examples/guide/migrating.md`, 'utf8')
const RESULT = fieldsOf('upload-result.ts', 'UploadResult')
const ERROR = [...fieldsOf('errors.ts', 'ServiceErrorDetails'), 'code']

interface Row {
  readonly package: string
  readonly theirs: readonly string[]
  readonly ours: readonly string[]
}

/** The rows of all three-column tables, under the name that the first column's head has. */
function rowsOf(page: string): Row[] {
  let heading = ''
  return page.split('\n').flatMap((line) => {
    if (!line.startsWith('| ') || line.startsWith('| ---')) return []
    const [theirs = '', ours = ''] = line.split('|').slice(1)
    if (ours.trim() === 'osspipe') {
      heading = namesIn(theirs)[0] ?? ''
      return []
    }
    return [{ package: heading, theirs: namesIn(theirs), ours: namesIn(ours) }]
  })
}

function namesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
}

function fieldsOf(file: string, name: string): string[] {
  const source = readFileSync(`${ROOT}/src/${file}`, 'utf8')
  const [, body = ''] =
    new RegExp(`^export interface ${name} \\{(.*?)^\\}`, 'ms').exec(source) ?? []
  return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, field = '']) => field)
}

function exists(name: string): boolean {
  const [, owner, member = ''] =
    /^(?:(client|out|result|signal)\.)?(\w+)(?:\(\))?$/.exec(name) ?? []
  switch (owner) {
    case 'client':
      return member in face.OssClient.prototype
    case 'out':
      return member in face.OssWriteStream.prototype || ['completed', 'settled'].includes(member)
    case 'result':
      return RESULT.includes(member)
    case 'signal':
      return member in AbortSignal.prototype
    default:
      return [...OPTION_NAMES, ...Object.keys(face), ...ERROR, 'uploadId'].includes(member)
  }
}

const rows = rowsOf(PAGE)

describe('the migration tables', () => {
  it('are there', () => {
    expect(rows.filter((row) => row.package === 'ali-oss').length).toBeGreaterThan(40)
    expect(rows.filter((row) => row.package === 'Upload').length).toBeGreaterThan(25)
  })

  it.each(rows)('name nothing of ours that there is not: $theirs → $ours', ({ ours }) => {
    expect(ours.filter((name) => !exists(name))).toEqual([])
  })

  it('name nothing of ali-oss that its docs and sources do not', () => {
    const files = [
      'README.md',
      'lib/common/client/initOptions.js',
      'lib/client.js',
      'lib/object.js',
    ]
    const more = [
      'lib/managed-upload.js',
      'lib/common/multipart.js',
      'lib/common/utils/createRequest.js',
    ]
    const theirs = [...files, ...more]
      .map((file) => readFileSync(`${ROOT}/node_modules/ali-oss/${file}`, 'utf8'))
      .join('\n')
    const names = rows
      .filter((row) => row.package === 'ali-oss')
      .flatMap((row) => row.theirs)
      .filter((name) => /^\w+$/.test(name))
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(theirs))).toEqual([])
  })
})
