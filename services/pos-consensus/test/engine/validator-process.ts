/** A member of a test cluster in a process of its own, to be killed. Gets its place by IPC. */
import { type Cluster, startMember } from "./cluster-member.ts";

process.once("message", (message: { readonly cluster: Cluster; readonly index: number }) => {
  const member = message.cluster.members[message.index];
  if (member === undefined) throw new Error("no such member");
  startMember(message.cluster, member, (error) => {
    throw error;
  }).then(
    ({ engine }) => {
      process.send?.("started");
      engine.onDecided(({ height }) => process.send?.(String(height)));
    },
    (error: unknown) => {
      throw error;
    },
  );
});
