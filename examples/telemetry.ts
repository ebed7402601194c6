/**
 * osspipe's diagnostics channels as OpenTelemetry spans and metrics: a span for each upload, below it
 * one for each part and one for each request. Copy it, and name things as you do elsewhere.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import {
  context,
  type Meter,
  type Span,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import type { OssDiagnostics } from 'osspipe'

type Traced = Exclude<keyof OssDiagnostics, 'osspipe:retry'>

/** How the payloads of one channel become spans. */
interface SpanKind<Trace> {
  title(told: Trace): string
  /** The payload whose span it is in. */
  parent?(told: Trace): object | undefined
  end(told: Trace, span: Span): void
}

/** Starts listening; returns what stops it. */
export function exportTelemetry(tracer: Tracer, meter: Meter): () => void {
  const bytes = meter.createCounter('osspipe.part.size', { unit: 'By' })
  const retries = meter.createCounter('osspipe.request.retries')
  const failed = meter.createCounter('osspipe.upload.failures')
  /** The span of each payload that has begun: it is one object from the start to the end. */
  const spans = new WeakMap<object, Span>()

  function spansOf<Name extends Traced>(name: Name, kind: SpanKind<OssDiagnostics[Name]>) {
    const start = listen(`tracing:${name}:start`, (told: OssDiagnostics[Name]) => {
      const parent = spans.get(kind.parent?.(told) ?? told)
      const within = parent ? trace.setSpan(context.active(), parent) : context.active()
      spans.set(told, tracer.startSpan(kind.title(told), {}, within))
    })
    const end = listen(`tracing:${name}:asyncEnd`, (told: OssDiagnostics[Name]) => {
      const span = spans.get(told)
      if (span === undefined) return
      const { error } = told
      if (error instanceof Error) span.recordException(error)
      if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR })
      kind.end(told, span)
      span.end()
    })
    return [start, end]
  }

  const stops = [
    ...spansOf('osspipe:upload', {
      title: ({ bucket, key }) => `upload oss://${bucket}/${key}`,
      end({ outcome = 'unknown', error }, span) {
        span.setAttribute('osspipe.outcome', outcome)
        if (error !== undefined) failed.add(1, { outcome })
      },
    }),
    ...spansOf('osspipe:part', {
      title: ({ partNumber }) => `part ${partNumber}`,
      parent: ({ upload }) => upload,
      end({ size, error }) {
        if (error === undefined) bytes.add(size)
      },
    }),
    ...spansOf('osspipe:request', {
      title: ({ operation }) => operation,
      parent: ({ upload }) => upload,
      end({ attempt, status, requestId, partNumber }, span) {
        if (partNumber !== undefined) span.setAttribute('osspipe.part_number', partNumber)
        span.setAttribute('http.request.resend_count', attempt - 1)
        if (status !== undefined) span.setAttribute('http.response.status_code', status)
        if (requestId !== undefined) span.setAttribute('aliyun.request_id', requestId)
      },
    }),
    listen('osspipe:retry', ({ operation }: OssDiagnostics['osspipe:retry']) => {
      retries.add(1, { operation })
    }),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}

function listen<Message>(name: string, listener: (told: Message) => void): () => void {
  const heard = (message: unknown) => listener(message as Message)
  subscribe(name, heard)
  return () => unsubscribe(name, heard)
}
