/** Configuration from environment variables: declared once, parsed once, every error reported at once. */
import { existsSync, statSync } from "node:fs";

/** Parses the text of a variable; throws an `Error` that says what was expected. */
export type Parser<T> = (text: string) => T;

/** A declared variable. */
export type ConfigKey<T> = {
  readonly variable: string;
  readonly parse: Parser<T>;
  readonly fallback?: { readonly value: T };
};

/** A table of variables by field name. */
export type ConfigKeys<C> = { readonly [Field in keyof C]: ConfigKey<C[Field]> };

/** Thrown by `parseConfig`; the message lists every variable that is missing or wrong. */
export class ConfigError extends Error {
  constructor(problems: readonly string[]) {
    super(`configuration is not usable:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    this.name = "ConfigError";
  }
}

/** A variable that must be set. */
export function required<T>(variable: string, parse: Parser<T>): ConfigKey<T> {
  return { variable, parse };
}

/** A variable with a default. */
export function optional<T>(variable: string, parse: Parser<T>, value: T): ConfigKey<T> {
  return { variable, parse, fallback: { value } };
}

/** Reads the declared variables from `env`; throws `ConfigError`. */
export function parseConfig<C>(
  env: Readonly<Record<string, string | undefined>>,
  keys: ConfigKeys<C>,
): C {
  const problems: string[] = [];
  const config: Partial<C> = {};
  for (const field of Object.keys(keys) as (keyof C)[]) {
    const { variable, parse, fallback } = keys[field];
    const text = env[variable];
    try {
      if (text !== undefined && text !== "") config[field] = parse(text);
      else if (fallback !== undefined) config[field] = fallback.value;
      else problems.push(`${variable} is required`);
    } catch (error) {
      problems.push(`${variable} ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return config as C;
}

/** Any text. */
export const text: Parser<string> = (value) => value;

/** A short name of lower-case letters, digits and hyphens. */
export const name: Parser<string> = (value) => {
  if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(value)) {
    throw new Error("must be 1 to 32 lower-case letters, digits or hyphens");
  }
  return value;
};

/** An absolute URL. */
export const url: Parser<string> = (value) => {
  if (!URL.canParse(value)) throw new Error("must be a URL");
  return value;
};

/** `host:port` of a gRPC server. */
export const endpoint: Parser<string> = (value) => {
  if (!/^(?:[a-zA-Z0-9.-]+|\[[0-9a-f:]+\]):[0-9]{1,5}$/.test(value)) {
    throw new Error("must be host:port");
  }
  return value;
};

/** A whole number within bounds, inclusive. */
export function integer(bounds: { readonly min: number; readonly max: number }): Parser<number> {
  return (value) => {
    const number = Number(value);
    if (!/^-?[0-9]+$/.test(value) || number < bounds.min || number > bounds.max) {
      throw new Error(`must be a whole number from ${bounds.min} to ${bounds.max}`);
    }
    return number;
  };
}

/** A TCP port; 0 takes a free one. */
export const port: Parser<number> = integer({ min: 0, max: 65_535 });

/** `true` or `false`. */
export const boolean: Parser<boolean> = (value) => {
  if (value !== "true" && value !== "false") throw new Error("must be true or false");
  return value === "true";
};

/** Path of a file that exists. */
export const filePath: Parser<string> = (value) => {
  if (!existsSync(value) || !statSync(value).isFile())
    throw new Error("must name an existing file");
  return value;
};

/** Path of a directory that exists. */
export const directory: Parser<string> = (value) => {
  if (!existsSync(value) || !statSync(value).isDirectory()) {
    throw new Error("must name an existing directory");
  }
  return value;
};
