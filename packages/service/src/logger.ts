/** Structured logs: a constant message and data in fields. */
import pino from "pino";

/** Data of a log line; never secrets, shares, nonces or raw peer bytes. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes log lines. `error` means that the operator must act. */
export type Logger = {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger with more fields on every line. */
  child(fields: LogFields): Logger;
};

/** Levels from loudest to quietest. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** Creates the JSON logger of a service; lines go to standard error. */
export function createLogger(
  fields: LogFields,
  options: { readonly level?: LogLevel; readonly file?: string } = {},
): Logger {
  const destination = pino.destination({ dest: options.file ?? 2, sync: true, mkdir: true });
  return wrap(
    pino(
      { level: options.level ?? "info", base: null, timestamp: pino.stdTimeFunctions.isoTime },
      destination,
    ).child(fields),
  );
}

/** A logger that writes nothing. */
export const silentLogger: Logger = wrap(pino({ level: "silent" }));

function wrap(target: pino.Logger): Logger {
  const at =
    (level: "debug" | "info" | "warn" | "error") =>
    (message: string, fields: LogFields = {}) =>
      target[level](printable(fields), message);
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => wrap(target.child(printable(fields))),
  };
}

function printable(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      typeof value === "bigint" ? value.toString() : value,
    ]),
  );
}
