/**
 * A client of a test server, impatient and with connections of its own.
 */

import { Agent } from 'undici'
import { onTestFinished } from 'vitest'
import type { RetryNotice } from '../../src/client/call-options.js'
import { OssClient } from '../../src/client/client.js'
import type { OssClientOptions } from '../../src/client/options.js'
import { encodeError } from '../../src/protocol/xml.js'

export const KEYS = { accessKeyId: 'LTAI5tId', accessKeySecret: 'sEcReT' }

/** The client, and what it told of retries. */
export function testClient(
  origin: string,
  options: OssClientOptions = {},
): { client: OssClient; notices: RetryNotice[] } {
  const dispatcher = new Agent()
  onTestFinished(() => dispatcher.destroy())
  const notices: RetryNotice[] = []
  const client = new OssClient({
    region: 'cn-hangzhou',
    endpoint: origin,
    bucket: 'bucket',
    credentials: KEYS,
    env: {},
    dispatcher,
    onRetry: (notice) => notices.push(notice),
    ...options,
    retry: { baseDelayMs: 0, ...options.retry },
  })
  return { client, notices }
}

/** An error answer of the service, as a bare server or a fault script gives it. */
export function refusal(
  status: number,
  code: string,
  headers: Record<string, string> = {},
  details: Record<string, string> = {},
): { status: number; headers: Record<string, string>; body: string } {
  const body = encodeError({ code, message: `${code} it is.`, requestId: '5F00', details })
  return { status, headers: { 'content-type': 'application/xml', ...headers }, body }
}
