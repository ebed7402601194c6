// Makes OpenTelemetry spans and metrics of an upload: telemetry.ts listens to the diagnostics channels.
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { uploadToOss } from 'osspipe'
import { startDemoServer } from './demo-server.js'
import { exportTelemetry } from './telemetry.js'

const server = await startDemoServer()
const exporter = new InMemorySpanExporter() // yours sends them to a collector
const tracing = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
const meters = new MeterProvider()
const stop = exportTelemetry(tracing.getTracer('backup'), meters.getMeter('backup'))

server.faults.add({ operation: 'UploadPart', partNumber: 2 }, { status: 503 })
await uploadToOss(Buffer.alloc(250_000), 'oss://demo/db.sql', { partSize: 102_400 })
stop()

for (const { name, parentSpanContext, status } of exporter.getFinishedSpans()) {
  console.log(`${parentSpanContext ? '  ' : ''}${name}${status.code === 2 ? ' (failed)' : ''}`)
}
await server.close()
