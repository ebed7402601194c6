/** What `check` finds out about the bucket itself: whether it can be reached, where it is, what it cleans up. */
import type { LifecycleRule, OssClient } from '../index.js'
import { type Finding, isCode, statusOf, textOf } from './check-probes.js'
import { count } from './format.js'

/** Says whether the bucket can be spoken to at all; with `fail` nothing else is worth trying. */
export async function checkBucket(
  client: OssClient,
  bucket: string,
  signal: AbortSignal,
): Promise<Finding[]> {
  const url = client.urlOf(bucket, '')
  const connection: Finding = url.startsWith('https:')
    ? { status: 'ok', name: 'connection', text: url }
    : {
        ...{ status: 'warn', name: 'connection', text: `${url}, without TLS` },
        advice: 'use an https:// endpoint, unless the network is your own',
      }
  try {
    const { location } = await client.getBucketInfo({ signal })
    const credentials: Finding = { status: 'ok', name: 'credentials', text: 'accepted' }
    return [connection, credentials, { status: 'ok', name: 'bucket', text: `in ${location}` }]
  } catch (error) {
    signal.throwIfAborted()
    const found = findingsFor(error, bucket, url)
    // It is told once whether there is one.
    return found.some(({ name }) => name === 'connection') ? found : [connection, ...found]
  }
}

function findingsFor(error: unknown, bucket: string, url: string): Finding[] {
  for (const [ossCode, advice] of CREDENTIAL_ADVICE) {
    if (isCode(error, ossCode)) {
      const text = textOf(error)
      return [{ status: 'fail', name: 'credentials', text, advice, isDenied: true }]
    }
  }
  const accepted: Finding = { status: 'ok', name: 'credentials', text: 'accepted' }
  if (isCode(error, 'NoSuchBucket')) {
    const text = `there is no bucket ${bucket}`
    return [
      accepted,
      { status: 'fail', name: 'bucket', text, advice: 'create it, or mend its name' },
    ]
  }
  if (isCode(error, 'AccessDenied')) {
    // Asking for it is a permission of its own, which nothing but this needs.
    const text = 'could not be asked for (oss:GetBucketInfo)'
    return [{ status: 'ok', name: 'bucket', text }]
  }
  if (statusOf(error) !== undefined) {
    const advice = 'see whether --region and --endpoint are those of the bucket'
    return [{ status: 'fail', name: 'bucket', text: textOf(error), advice }]
  }
  const text = textOf(error)
  const advice = SPEAKS_NO_TLS.test(text)
    ? `what answers at ${url} speaks no TLS: see whether --endpoint has the right port, or is an http:// one`
    : 'see whether --endpoint is right, and can be reached from here'
  return [{ status: 'fail', name: 'connection', text, advice }]
}

/** How OpenSSL calls an answer in plain HTTP. */
const SPEAKS_NO_TLS = /wrong version number|packet length too long/

const CREDENTIAL_ADVICE: ReadonlyMap<string, string> = new Map([
  ['InvalidAccessKeyId', 'see whether OSS_ACCESS_KEY_ID is right, and not disabled'],
  ['SignatureDoesNotMatch', 'see whether OSS_ACCESS_KEY_SECRET belongs to the id'],
  ['SecurityTokenExpired', 'get a new OSS_SESSION_TOKEN'],
  ['InvalidSecurityToken', 'see whether OSS_SESSION_TOKEN belongs to the key'],
])

/** Says whether a rule ends what is left unfinished, if nobody else does. */
export async function checkLifecycle(
  client: OssClient,
  prefix: string,
  signal: AbortSignal,
): Promise<Finding> {
  const name = 'lifecycle'
  try {
    const { rules } = await client.getBucketLifecycle({ signal })
    const days = daysUntilAborted(rules, prefix)
    if (days === undefined) return { status: 'warn', name, ...NO_RULE }
    return { status: 'ok', name, text: `unfinished uploads are ended after ${days}` }
  } catch (error) {
    signal.throwIfAborted()
    if (isCode(error, 'NoSuchLifecycle')) return { status: 'warn', name, ...NO_RULE }
    const advice = 'grant oss:GetBucketLifecycle, or look for a rule in the console'
    return { status: 'warn', name, text: 'could not be asked for', advice }
  }
}

const NO_RULE = {
  text: 'no rule ends unfinished uploads',
  advice:
    'add one: <AbortMultipartUpload><Days>7</Days></AbortMultipartUpload>, or run osspipe clean from cron',
}

/** When unfinished uploads below the prefix are ended, as text; absent if never. */
export function daysUntilAborted(
  rules: readonly LifecycleRule[],
  prefix: string,
): string | undefined {
  for (const { enabled, prefix: of, abortMultipartUpload: time } of rules) {
    if (!enabled || time === undefined || !prefix.startsWith(of)) continue
    return 'days' in time ? count(time.days, 'day') : `being begun before ${time.createdBeforeDate}`
  }
  return undefined
}

/** A clock this far off is refused by the service (15 minutes), until it has been corrected. */
const REFUSED_MS = 900_000
/** A clock this far off deserves a word. */
const NOTABLE_MS = 60_000

export function checkClock(skewMs: number | undefined): Finding {
  const name = 'clock'
  if (skewMs === undefined) {
    return { status: 'warn', name, text: 'could not be compared', advice: 'see above' }
  }
  const seconds = Math.round(Math.abs(skewMs) / 1000)
  const text = `${seconds} s ${skewMs > 0 ? 'behind' : 'ahead of'} the service's`
  if (Math.abs(skewMs) < NOTABLE_MS) return { status: 'ok', name, text }
  const isRefused = Math.abs(skewMs) > REFUSED_MS
  const cost = isRefused ? '; every process loses a request until it has corrected it' : ''
  return { status: 'warn', name, text: `${text}${cost}`, advice: 'set the clock, such as by NTP' }
}
