/** A collector of spans: takes OTLP over HTTP as protobuf and keeps what the tests look at. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A span as it was exported. */
export type CollectedSpan = {
  readonly service: string;
  readonly operator: string | undefined;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a root. */
  readonly parentSpanId: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, string | number>>;
  /** Trace ids of the linked spans. */
  readonly links: readonly string[];
};

/** A listening collector. */
export type Collector = {
  /** For OTEL_EXPORTER_OTLP_TRACES_ENDPOINT. */
  readonly url: string;
  readonly spans: readonly CollectedSpan[];
  close(): Promise<void>;
};

/** Starts a collector on a free port of 127.0.0.1. */
export async function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk);
    spans.push(...decodeRequest(Buffer.concat(chunks)));
    res.writeHead(200, { "content-type": "application/x-protobuf" }).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1/traces`,
    spans,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Fields of opentelemetry/proto/trace/v1/trace.proto. */
function decodeRequest(request: Buffer): CollectedSpan[] {
  return fieldsOf(request)
    .all(1)
    .flatMap((resourceSpans) => {
      const { all } = fieldsOf(resourceSpans);
      const resource = attributesOf(fieldsOf(all(1)[0] ?? empty).all(1));
      const scopes = all(2).flatMap((scopeSpans) => fieldsOf(scopeSpans).all(2));
      return scopes.map((span) => decodeSpan(span, resource));
    });
}

function decodeSpan(bytes: Buffer, resource: CollectedSpan["attributes"]): CollectedSpan {
  const { all, one } = fieldsOf(bytes);
  const operator = resource["service.instance.id"];
  return {
    service: String(resource["service.name"]),
    operator: operator === undefined ? undefined : String(operator),
    name: one(5).toString(),
    traceId: one(1).toString("hex"),
    spanId: one(2).toString("hex"),
    parentSpanId: one(4).toString("hex"),
    startMs: Number(one(7).readBigUInt64LE() / 1_000_000n),
    endMs: Number(one(8).readBigUInt64LE() / 1_000_000n),
    attributes: attributesOf(all(9)),
    links: all(13).map((link) => fieldsOf(link).one(1).toString("hex")),
  };
}

function attributesOf(keyValues: readonly Buffer[]): Record<string, string | number> {
  const pairs = keyValues.map((bytes) => {
    const { one } = fieldsOf(bytes);
    const value = fieldsOf(one(2));
    const [integer] = value.all(3);
    return [
      one(1).toString(),
      integer === undefined ? value.one(1).toString() : Number(integer.readBigUInt64LE()),
    ];
  });
  return Object.fromEntries(pairs);
}

const empty = Buffer.alloc(0);

/** The fields of a protobuf message by number; numbers as 8 bytes, little-endian. */
function fieldsOf(bytes: Buffer) {
  const fields = new Map<number, Buffer[]>();
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number) => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  const read = (wireType: number): Buffer => {
    if (wireType === 1) return take(8);
    if (wireType === 2) return take(Number(varint()));
    if (wireType === 5) return take(4);
    const number = Buffer.alloc(8);
    number.writeBigUInt64LE(BigInt.asUintN(64, varint()));
    return number;
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const value = read(tag & 7);
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value]);
  }
  const all = (field: number): readonly Buffer[] => fields.get(field) ?? [];
  return { all, one: (field: number): Buffer => all(field).at(-1) ?? empty };
}
