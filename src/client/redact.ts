/** Takes what signed a request out of what others say about it: an error page, a dispatcher's error. */

import { inspect } from 'node:util'

/** `text` with each of the secrets replaced. */
export function redacted(text: string, secrets: readonly string[] = []): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), text)
}

/** `cause` itself, or, if any of it shows a secret, an error that says as much without it. */
export function redactedCause(cause: unknown, secrets: readonly string[] = []): unknown {
  const shown = inspect(cause, { depth: 6, showHidden: true, maxStringLength: null })
  if (!secrets.some((secret) => shown.includes(secret))) return cause
  return new Error(cause instanceof Error ? redacted(cause.message, secrets) : 'unknown reason')
}
