/** Traces: light OpenTelemetry set-up, spans, and the W3C context across NATS and gRPC. */
import { context, propagation, type Span, SpanStatusCode, trace } from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, type SpanProcessor } from "@opentelemetry/sdk-trace-base";
import { NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { resourceOf, startBlockTraces } from "./block-trace.ts";

/** Values of a span's attributes. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** Text headers that carry the trace context. */
export type TraceCarrier = Record<string, string>;

/**
 * Sets up tracing for the process. Spans go to `endpoint` (OTLP over HTTP) when given, and to
 * `processors`. Returns a function that flushes and shuts down.
 */
export function startTracing(options: {
  readonly service: string;
  readonly operator?: string | undefined;
  readonly endpoint?: string;
  readonly processors?: readonly SpanProcessor[];
}): () => Promise<void> {
  const spanProcessors = [...(options.processors ?? [])];
  if (options.endpoint !== undefined) {
    spanProcessors.push(new BatchSpanProcessor(new OTLPTraceExporter({ url: options.endpoint })));
  }
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes(resourceOf(options.service, options.operator)),
    spanProcessors,
  });
  provider.register({ propagator: new W3CTraceContextPropagator() });
  const stopBlockTraces = startBlockTraces({
    operator: options.operator,
    processors: spanProcessors,
  });
  return () => {
    stopBlockTraces();
    return provider.shutdown();
  };
}

/** Runs `work` in a span that is ended with its outcome. */
export async function withSpan<T>(
  name: string,
  attributes: SpanAttributes,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  return trace.getTracer("sequorum").startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      span.recordException(error instanceof Error ? error : String(error));
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Headers with the current trace context; empty when there is none. */
export function injectTrace(): TraceCarrier {
  const carrier: TraceCarrier = {};
  propagation.inject(context.active(), carrier);
  return carrier;
}

/** Runs `work` in the trace context of `carrier`. */
export function inTrace<T>(carrier: Readonly<TraceCarrier>, work: () => T): T {
  return context.with(propagation.extract(context.active(), carrier), work);
}
