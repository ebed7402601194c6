/** What the signature tests share: fake credentials, a server that knows them, and text to sign. */

import fc from 'fast-check'
import type { SigningCredentials } from '../../src/protocol/signable-request.js'
import type { Refusal, Verdict, VerifyContext } from '../../src/protocol/signature-verdict.js'

export const credentials: SigningCredentials = {
  accessKeyId: 'LTAI5tExampleKeyId',
  accessKeySecret: 'FakeSecretForTests',
}

export const sts: SigningCredentials = {
  accessKeyId: 'STS.ExampleKeyId',
  accessKeySecret: 'FakeStsSecretForTests',
  securityToken: 'CAISexample/+==token',
}

/** A server's context that knows both, whatever the token. */
export function contextAt(now: Date, more: Partial<VerifyContext> = {}): VerifyContext {
  return {
    now,
    lookup: (accessKeyId) => [credentials, sts].find((known) => known.accessKeyId === accessKeyId),
    ...more,
  }
}

export function refusalOf(verdict: Verdict): Refusal {
  if (verdict.ok) throw new Error('The signature was accepted')
  return verdict
}

/** Text without outer blanks: any Unicode, or what a header can carry. */
export function text(options: { minLength?: number; latin1?: boolean } = {}): fc.Arbitrary<string> {
  const { minLength = 0, latin1 = false } = options
  const byte = fc.integer({ min: 0x20, max: 0xff }).filter((code) => code !== 0x7f)
  const unit = latin1 ? byte.map((code) => String.fromCharCode(code)) : ('binary' as const)
  return fc.string({ unit, minLength, maxLength: 12 }).filter((value) => value.trim() === value)
}
