/**
 * One trace for each L2 block, from the RPC to L1. Its id follows from the block's hash, so every service of every
 * operator adds its spans without being told of a context: ordering, consensus and batching carry none.
 */
import {
  type Link,
  ROOT_CONTEXT,
  type SpanContext,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  type IdGenerator,
  RandomIdGenerator,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { concatBytes, type Hex, hexToBytes, keccak256 } from "@sequorum/protocol";

/** What a span says happened; the whole list is in docs/TRACING.md. */
export type BlockSpanName =
  | "transaction accepted"
  | "block sealed"
  | "block executed"
  | "block certified"
  | "batch proposed"
  | "batch endorsed"
  | "batch signed"
  | "batch posted"
  | "batch verified";

/** A span of a block's life, known when it is over. */
export type BlockSpan = {
  /** Service that records it; becomes `service.name`, also when several share a process. */
  readonly service: string;
  readonly blockHash: Hex;
  readonly name: BlockSpanName;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
  /** A span of another trace that this one goes back to. */
  readonly link?: SpanContext | undefined;
};

/** The span that all others of the trace hang below; only the block's leader records it. */
const rootName: BlockSpanName = "block sealed";
const domain = new TextEncoder().encode("sequorum/trace");
const [traceIdEnd, spanIdEnd] = [2 + 32, 2 + 32 + 16];

type Recorder = { tracerOf(service: string): Tracer; readonly ids: FixedIds };
let recorder: Recorder | undefined;

/** Whether spans go anywhere; what only serves them may be left out otherwise. */
export function isTracing(): boolean {
  return recorder !== undefined;
}

/** The root of a block's trace: trace id and span id are the first 16 and the next 8 bytes of the domain-separated hash. */
export function blockTraceOf(blockHash: Hex): SpanContext {
  const digest = keccak256(concatBytes(domain, hexToBytes(blockHash)));
  return {
    traceId: digest.slice(2, traceIdEnd),
    spanId: digest.slice(traceIdEnd, spanIdEnd),
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  };
}

/** Records a span in the trace of its block. Returns at once when spans go nowhere. */
export function recordBlockSpan(span: BlockSpan): void {
  if (recorder === undefined) return;
  const root = blockTraceOf(span.blockHash);
  const tracer = recorder.tracerOf(span.service);
  const links: Link[] = span.link === undefined ? [] : [{ context: span.link }];
  const options = {
    // Dates: a number from before the process started would count as an offset.
    startTime: new Date(Math.min(span.startMs, span.endMs)),
    attributes: { "sequorum.block.hash": span.blockHash, ...span.attributes },
    links,
  };
  if (span.name === rootName) recorder.ids.next = root;
  const parent = span.name === rootName ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, root);
  tracer.startSpan(span.name, options, parent).end(new Date(span.endMs));
}

/** The span in which this code runs, to be linked later. */
export function currentTrace(): SpanContext | undefined {
  return recorder === undefined ? undefined : trace.getActiveSpan()?.spanContext();
}

/** Sends block spans to `processors`; returns the function that ends it. For `startTracing`. */
export function startBlockTraces(options: {
  readonly operator: string | undefined;
  readonly processors: readonly SpanProcessor[];
}): () => void {
  if (options.processors.length === 0) return () => {};
  const ids = new FixedIds();
  const tracers = new Map<string, Tracer>();
  const started: Recorder = {
    ids,
    tracerOf(service) {
      const known = tracers.get(service);
      if (known !== undefined) return known;
      const provider = new BasicTracerProvider({
        resource: resourceFromAttributes(resourceOf(service, options.operator)),
        // A trace is whole or not at all, and no service decides for the others.
        sampler: new AlwaysOnSampler(),
        idGenerator: ids,
        spanProcessors: [...options.processors],
      });
      const tracer = provider.getTracer("sequorum");
      tracers.set(service, tracer);
      return tracer;
    },
  };
  recorder = started;
  return () => {
    if (recorder === started) recorder = undefined;
  };
}

/** Who a span is from. */
export function resourceOf(service: string, operator: string | undefined): Record<string, string> {
  return { "service.name": service, ...(operator ? { "service.instance.id": operator } : {}) };
}

const random = new RandomIdGenerator();

/** Random ids, but for the one root span that is about to be started: its span id is asked for first. */
class FixedIds implements IdGenerator {
  next: SpanContext | undefined;

  generateSpanId(): string {
    return this.next?.spanId ?? random.generateSpanId();
  }

  generateTraceId(): string {
    const traceId = this.next?.traceId ?? random.generateTraceId();
    this.next = undefined;
    return traceId;
  }
}
