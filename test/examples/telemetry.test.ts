/** The example's spans and metrics, as OpenTelemetry's own packages collect them. */
import { SpanStatusCode } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { uploadToOss } from 'osspipe'
import { expect, it, onTestFinished } from 'vitest'
import { exportTelemetry } from '../../examples/telemetry.js'
import { startServer } from '../helpers/start-server.js'

async function collect() {
  const server = await startServer()
  const spans = new InMemorySpanExporter()
  const tracing = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] })
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter })
  const meters = new MeterProvider({ readers: [reader] })
  onTestFinished(() => meters.shutdown())
  const stop = exportTelemetry(tracing.getTracer('test'), meters.getMeter('test'))
  onTestFinished(stop)
  const options = { ...server.options(), partSize: 102_400, retry: { baseDelayMs: 0 } }
  /** The sums of all counters by name. */
  const counted = async () => {
    await meters.forceFlush()
    const metrics =
      exporter
        .getMetrics()
        .at(-1)
        ?.scopeMetrics.flatMap((each) => each.metrics) ?? []
    const sum = (points: readonly { value: unknown }[]) =>
      points.reduce((total, { value }) => total + Number(value), 0)
    return Object.fromEntries(metrics.map((m) => [m.descriptor.name, sum(m.dataPoints)]))
  }
  return { server, options, spans, counted }
}

it('has a span for an upload, and below it one for each part and each request', async () => {
  const { server, options, spans, counted } = await collect()
  server.faults.add({ operation: 'UploadPart', partNumber: 2 }, { status: 503 })
  await uploadToOss(Buffer.alloc(250_000), 'oss://bucket/key', options)

  const finished = spans.getFinishedSpans()
  const [upload] = finished.filter(({ parentSpanContext }) => parentSpanContext === undefined)
  expect(upload?.name).toBe('upload oss://bucket/key')
  expect(upload?.attributes).toEqual({ 'osspipe.outcome': 'published' })
  const below = finished.filter((span) => span !== upload)
  const parent = upload?.spanContext().spanId
  expect(below.every((span) => span.parentSpanContext?.spanId === parent)).toBe(true)
  expect(below.map(({ name }) => name).sort()).toEqual([
    'CompleteMultipartUpload',
    'InitiateMultipartUpload',
    ...['UploadPart', 'UploadPart', 'UploadPart', 'UploadPart'],
    ...['part 1', 'part 2', 'part 3'],
  ])
  const [failed] = below.filter(({ status }) => status.code === SpanStatusCode.ERROR)
  expect(failed?.attributes).toMatchObject({
    'http.request.resend_count': 0,
    'http.response.status_code': 503,
    'osspipe.part_number': 2,
  })
  expect(await counted()).toEqual({ 'osspipe.part.size': 250_000, 'osspipe.request.retries': 1 })
})

it('marks an upload that failed, and counts it', async () => {
  const { server, options, spans, counted } = await collect()
  server.faults.add({ operation: 'PutObject' }, { status: 403, code: 'AccessDenied' })
  await expect(uploadToOss('x', 'oss://bucket/key', options)).rejects.toThrow('AccessDenied')
  const [upload] = spans.getFinishedSpans().filter((span) => span.name.startsWith('upload'))
  expect(upload?.status.code).toBe(SpanStatusCode.ERROR)
  expect(upload?.attributes).toEqual({ 'osspipe.outcome': 'absent' })
  expect(upload?.events.map(({ name }) => name)).toEqual(['exception'])
  expect(await counted()).toEqual({ 'osspipe.upload.failures': 1 })
})
