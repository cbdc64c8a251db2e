import assert from "node:assert/strict";
import { test } from "node:test";
import type { Hex } from "@sequorum/protocol";
import type { OperatorStatus, PoolStatus } from "../pool-status.ts";
import { renderLine, renderView, type ViewContext } from "../view/render-view.ts";

const same = (text: string) => text;
const styles = {
  bold: same,
  dim: same,
  good: (text: string) => `+${text}`,
  bad: (text: string) => `!${text}`,
};
const address = (digit: string): Hex => `0x${digit.repeat(40)}`;
const operator = (digit: string, overrides: Partial<OperatorStatus> = {}): OperatorStatus => ({
  name: `operator-${digit}`,
  address: address(digit),
  isUp: true,
  head: 12n,
  certified: 11n,
  safe: 9n,
  leader: address("a"),
  term: 2n,
  posHeight: 40n,
  peers: 4,
  groupKey: undefined,
  verified: 9n,
  alarms: 0,
  memoryBytes: 200 * 1_048_576,
  ...overrides,
});
const context: ViewContext = {
  uptimeMs: 3_661_000,
  l1Url: "http://l1",
  l1Block: 7n,
  rollupChain: address("c"),
  l2ChainId: 2_026n,
  rpcUrls: ["http://l2"],
  logsDirectory: "logs",
  note: "touring",
};

test("the view names the leader, those that are down, the batches and alarms", () => {
  const status: PoolStatus = {
    operators: [operator("a"), operator("b", { isUp: false }), operator("d", { alarms: 1 })],
    batches: [{ index: 3n, state: "posted", attempt: 1, l1TxHash: `0x${"e".repeat(64)}` }],
  };
  const lines = renderView(status, context, styles);
  const line = (part: string) => lines.find((text) => text.includes(part)) ?? "";
  assert.match(lines[0] ?? "", /01:01:01/);
  assert.match(line("operator-a"), /^\+.*leader.*12.*11.*200 MB/);
  assert.match(line("operator-b"), /^!.*down/);
  assert.match(line("0xeee"), /3 +posted +0xe+ \(attempt 2\)/);
  assert.match(line("alarm"), /operator-d/);
  assert.match(line("group key"), /generating/);
  assert.match(lines.at(-1) ?? "", /touring/);
});

test("the line for logs shows the furthest of the operators", () => {
  const status = {
    operators: [operator("a", { head: 5n }), operator("b", { head: undefined })],
    batches: [],
  };
  assert.match(renderLine(status, 7n), /operators 2\/2 {2}L1 7 {2}L2 head 5 {2}certified 11/);
});
