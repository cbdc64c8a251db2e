/** Running a service as a process. */
import { constants } from "node:os";
import { ConfigError } from "./config.ts";
import { describeError, FatalError, RetryableError } from "./errors.ts";
import { createLogger, type Logger, type LogLevel } from "./logger.ts";
import { startTracing } from "./tracing.ts";

/** A running service. Disposing it refuses new work, finishes or persists what is in flight, then closes. */
export type Service = {
  readonly name: string;
  /** Whether it can do its work. */
  ready(): boolean | Promise<boolean>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** What a service gets from its process. */
export type ServiceContext = {
  /** Aborts when the process is asked to stop. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Stops the process with this error; for failures in the background. */
  readonly fail: (error: unknown) => void;
};

/** Time between the first signal and a forced exit. */
const stopTimeoutMs = 10_000;
/** Time between the end of a service and a forced exit, when something keeps the process. */
const leftoversTimeoutMs = 1_000;

/** Exit codes: 0 stopped as asked, 1 bug or bad configuration, 75 environment failed and a restart may help. */
export type ExitCode = 0 | 1 | 75;

/**
 * Creates the service, waits for SIGINT or SIGTERM (or a failure) and disposes it. A second signal, or
 * 10 s, forces the exit.
 */
export async function runService(
  name: string,
  create: (context: ServiceContext) => Promise<Service>,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<ExitCode> {
  const logger = createLogger(
    { service: name, ...(env["OPERATOR"] === undefined ? {} : { operator: env["OPERATOR"] }) },
    { level: (env["LOG_LEVEL"] ?? "info") as LogLevel },
  );
  const endpoint = env["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
  const stopTracing = startTracing({
    service: name,
    operator: env["OPERATOR"] ?? env[`${name.toUpperCase().replaceAll("-", "_")}_OPERATOR`],
    ...(endpoint ? { endpoint } : {}),
  });
  const controller = new AbortController();
  let failure: unknown;
  const fail = (error: unknown) => {
    failure ??= error;
    controller.abort(error);
  };
  const removeHandlers = handleSignals(controller, logger);
  process.on("unhandledRejection", fail);
  process.on("uncaughtException", fail);
  try {
    const service = await create({ signal: controller.signal, logger, fail });
    logger.info("service started");
    await aborted(controller.signal);
    await service[Symbol.asyncDispose]();
    await stopTracing();
  } catch (error) {
    if (!controller.signal.aborted) failure ??= error;
  } finally {
    removeHandlers();
    process.off("unhandledRejection", fail);
    process.off("uncaughtException", fail);
  }
  const exitCode = report(failure, logger);
  // What a failed service left open must not keep the process; a timer without reference fires only in that case.
  setTimeout(() => process.exit(exitCode), leftoversTimeoutMs).unref();
  return exitCode;
}

function report(failure: unknown, logger: Logger): ExitCode {
  if (failure === undefined) {
    logger.info("service stopped");
    return 0;
  }
  const stack = failure instanceof Error ? failure.stack : undefined;
  const expected = failure instanceof ConfigError || failure instanceof FatalError;
  logger.error("service failed", {
    reason: describeError(failure),
    ...(expected ? {} : { stack }),
  });
  return failure instanceof RetryableError ? 75 : 1;
}

function handleSignals(controller: AbortController, logger: Logger): () => void {
  const onSignal = (signal: NodeJS.Signals) => {
    const exitCode = 128 + constants.signals[signal];
    if (controller.signal.aborted) process.exit(exitCode);
    logger.info("stopping", { signal });
    setTimeout(() => process.exit(exitCode), stopTimeoutMs).unref();
    controller.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return () => {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true }),
  );
}

/** Resources opened in dependency order and closed in reverse; `close` runs every closer and throws the first error. */
export type Resources = {
  add<T>(resource: T, close: (resource: T) => Promise<void> | void): T;
  close(): Promise<void>;
};

/** An empty list of resources. */
export function createResources(): Resources {
  const closers: (() => Promise<void> | void)[] = [];
  return {
    add(resource, close) {
      closers.push(() => close(resource));
      return resource;
    },
    async close() {
      let first: unknown;
      for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) {
        try {
          await closer();
        } catch (error) {
          first ??= error;
        }
      }
      if (first !== undefined) throw first;
    },
  };
}
