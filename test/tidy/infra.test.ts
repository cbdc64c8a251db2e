/** The files that operators use: they parse, and they name ports, files, services and metrics that exist. */
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { operatorName, serviceNames } from "@sequorum/devnet/operators";
import { operatorPorts } from "@sequorum/devnet/ports";
import type { MetricOptions, Metrics } from "@sequorum/service";
import { parse, parseAllDocuments } from "yaml";

const root = join(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(join(root, file), "utf8");
const find = (pattern: string) =>
  globSync(pattern, { cwd: root, exclude: ["**/node_modules/**"] }).sort();

test("every YAML and JSON file of infra/ parses", () => {
  const files = find("infra/**/*.{yaml,yml}");
  assert.ok(files.length >= 6);
  for (const file of files) {
    for (const document of parseAllDocuments(read(file), { merge: true })) {
      assert.deepEqual([...document.errors, ...document.warnings], [], file);
    }
  }
  for (const file of find("infra/**/*.json")) assert.ok(JSON.parse(read(file)), file);
});

test("Prometheus scrapes every service of every operator of the development pool", () => {
  type Config = {
    scrape_configs: { static_configs: { labels: { operator: string }; targets: string[] }[] }[];
  };
  const [job] = (parse(read("infra/prometheus/prometheus.yml")) as Config).scrape_configs;
  const expected = [0, 1, 2, 3, 4].map((index) => {
    const ports = operatorPorts(10_000, index);
    const http = Object.entries(ports).filter(([name]) => name.endsWith("Http"));
    assert.equal(http.length, serviceNames.length);
    return {
      labels: { operator: operatorName(index) },
      targets: http.map(([, port]) => `127.0.0.1:${port}`),
    };
  });
  assert.deepEqual(job?.static_configs, expected);
});

test("alerts and dashboard name only metrics that a service defines, and every alert says whom to wake", async () => {
  const known = await definedMetrics();
  assert.ok(known.size > 30);
  for (const file of [
    "infra/prometheus/alerts.yml",
    "infra/prometheus/alerts.test.yml",
    "infra/grafana/dashboards/sequorum.json",
  ]) {
    for (const [name] of read(file).matchAll(/\bsequorum_[a-z0-9_]+/g))
      assert.ok(known.has(name), `${file}: ${name}`);
  }
  type Rules = {
    groups: {
      rules: { alert: string; labels: { severity: string }; annotations: { summary: string } }[];
    }[];
  };
  const rules = (parse(read("infra/prometheus/alerts.yml")) as Rules).groups.flatMap(
    (group) => group.rules,
  );
  assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
  for (const { alert, labels, annotations } of rules) {
    assert.match(labels.severity, /^(?:page|ticket)$/, alert);
    assert.ok(annotations.summary.length > 0, alert);
  }
});

test("the dashboard's panels have distinct ids, a place of their own and a description", () => {
  type Panel = {
    id: number;
    type: string;
    title: string;
    description?: string;
    gridPos: { x: number; y: number; w: number };
  };
  const { panels } = JSON.parse(read("infra/grafana/dashboards/sequorum.json")) as {
    panels: Panel[];
  };
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  assert.equal(
    new Set(panels.map(({ gridPos }) => `${gridPos.x} ${gridPos.y}`)).size,
    panels.length,
  );
  for (const { type, title, description, gridPos } of panels) {
    assert.ok(gridPos.x + gridPos.w <= 24, title);
    assert.ok(type === "row" || (description ?? "") !== "", title);
  }
});

test("compose files run programs and mount files that exist, one container for each service, without privileges", () => {
  for (const file of ["infra/compose/compose.yaml", "infra/compose/operator.yaml"]) {
    const { services } = parse(read(file), { merge: true }) as {
      services: Record<string, ComposeService>;
    };
    for (const [name, service] of Object.entries(services)) checkContainer(name, service);
    for (const service of serviceNames) {
      assert.ok(
        Object.keys(services).some((name) => name.endsWith(service)),
        `${file}: ${service}`,
      );
    }
  }
});

function checkContainer(name: string, service: ComposeService): void {
  const own = service.command?.filter((argument) => argument.endsWith(".ts")) ?? [];
  for (const program of own) assert.ok(existsSync(join(root, program)), `${name}: ${program}`);
  for (const mount of (service.volumes ?? []).filter((text) => text.startsWith("../"))) {
    const [source = ""] = mount.split(":");
    assert.ok(existsSync(join(root, "infra/compose", source)), `${name}: ${source}`);
  }
  if (own.length > 0) {
    assert.deepEqual([service.read_only, service.cap_drop], [true, ["ALL"]], name);
  }
}

type ComposeService = {
  command?: string[];
  volumes?: string[];
  read_only?: boolean;
  cap_drop?: string[];
};

/** Names as Prometheus sees them: every service defines its metrics on a registry that only writes them down. */
async function definedMetrics(): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  const define =
    (suffixes: readonly string[]) =>
    ({ name }: MetricOptions) => {
      for (const suffix of suffixes) names.add(`sequorum_${name}${suffix}`);
      return { add: () => {}, set: () => {}, observe: () => {} };
    };
  const registry: Metrics = {
    counter: define([""]),
    gauge: define([""]),
    histogram: define(["_bucket", "_sum", "_count"]),
    text: async () => "",
  };
  for (const file of find("services/*/src/**/*metrics.ts")) {
    const exported = (await import(join(root, file))) as Record<
      string,
      (metrics: Metrics) => unknown
    >;
    const creators = Object.entries(exported).filter(([name]) => /^create\w*Metrics$/.test(name));
    assert.ok(creators.length > 0, `${file} defines metrics`);
    for (const [, create] of creators) create(registry);
  }
  return names;
}
