/**
 * Lifecycle rules of a bucket, read and written (PutBucketLifecycle, GetBucketLifecycle): when
 * objects expire, when unfinished uploads are aborted. Transitions to other storage classes, tags and
 * versions are not understood, and a rule that has them is kept without them.
 */

import {
  childOf,
  childrenOf,
  defined,
  malformed,
  optionalInteger,
  optionalText,
  rawText,
  requiredText,
} from './xml-fields.js'
import { parseXml, type XmlElement } from './xml-parser.js'
import { writeXml, type XmlContent, type XmlNode } from './xml-writer.js'

/** When an action of a rule takes place: so many days after, or for all that is older than a date. */
export type LifecycleTime =
  | { readonly days: number }
  /** ISO 8601, UTC midnight, such as `2025-01-01T00:00:00.000Z`. */
  | { readonly createdBeforeDate: string }

/** One rule. */
export interface LifecycleRule {
  readonly id?: string | undefined
  /** '' is the whole bucket. */
  readonly prefix: string
  readonly enabled: boolean
  readonly expiration?: LifecycleTime | undefined
  readonly abortMultipartUpload?: LifecycleTime | undefined
}

/**
 * Reads a lifecycle configuration. @throws {MalformedXmlError} also without any rule, for another
 * status than Enabled or Disabled, and for an action with no or with two times
 */
export function decodeLifecycle(body: Uint8Array): LifecycleRule[] {
  const root = parseXml(body, 'LifecycleConfiguration')
  const rules = childrenOf(root, 'Rule').map(readRule)
  if (rules.length === 0) throw malformed(root, 'no <Rule>')
  return rules
}

/** Writes a lifecycle configuration. */
export function encodeLifecycle(rules: readonly LifecycleRule[]): string {
  return writeXml([
    'LifecycleConfiguration',
    rules.map(
      (rule): XmlNode => [
        'Rule',
        [
          ['ID', rule.id],
          ['Prefix', rule.prefix],
          ['Status', rule.enabled ? 'Enabled' : 'Disabled'],
          ['Expiration', timeFields(rule.expiration)],
          ['AbortMultipartUpload', timeFields(rule.abortMultipartUpload)],
        ],
      ],
    ),
  ])
}

function readRule(element: XmlElement): LifecycleRule {
  const status = requiredText(element, 'Status')
  if (status !== 'Enabled' && status !== 'Disabled') throw malformed(element, 'an unknown <Status>')
  return {
    ...defined({ id: optionalText(element, 'ID') }),
    prefix: rawText(element, 'Prefix') ?? '',
    enabled: status === 'Enabled',
    ...defined({
      expiration: readTime(element, 'Expiration'),
      abortMultipartUpload: readTime(element, 'AbortMultipartUpload'),
    }),
  }
}

function readTime(rule: XmlElement, name: string): LifecycleTime | undefined {
  const action = childOf(rule, name)
  if (action === undefined) return undefined
  const days = optionalInteger(action, 'Days')
  const createdBeforeDate = optionalText(action, 'CreatedBeforeDate')
  if (days !== undefined && days >= 1 && createdBeforeDate === undefined) return { days }
  if (days === undefined && createdBeforeDate !== undefined) return { createdBeforeDate }
  throw malformed(action, 'neither <Days> nor <CreatedBeforeDate>, or both')
}

function timeFields(time: LifecycleTime | undefined): XmlContent {
  if (time === undefined) return undefined
  if ('days' in time) return [['Days', time.days]]
  return [['CreatedBeforeDate', time.createdBeforeDate]]
}
