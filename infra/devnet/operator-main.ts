/** One operator in one process: its six services side by side, as they run apart from each other in production. */
import { createBatcherService, parseBatcherConfig } from "@sequorum/batcher";
import { createChallengerService, parseChallengerConfig } from "@sequorum/challenger";
import { createL1ProposerService, parseL1ProposerConfig } from "@sequorum/l1-proposer";
import { createMpcSignerService, parseMpcSignerConfig } from "@sequorum/mpc-signer";
import { createOrdererService, parseOrdererConfig } from "@sequorum/orderer";
import { createPosConsensusService, parsePosConsensusConfig } from "@sequorum/pos-consensus";
import {
  createLogger,
  createResources,
  type LogLevel,
  runService,
  type Service,
  type ServiceContext,
} from "@sequorum/service";

const { env } = process;

/** Opened in this order, closed in reverse: who asks comes after who answers. */
const services: readonly ((context: ServiceContext) => Promise<Service>)[] = [
  (context) => createOrdererService(parseOrdererConfig(env), named("orderer", context)),
  (context) =>
    createPosConsensusService(parsePosConsensusConfig(env), named("pos-consensus", context)),
  (context) => createBatcherService(parseBatcherConfig(env), named("batcher", context)),
  (context) => createMpcSignerService(parseMpcSignerConfig(env), named("mpc-signer", context)),
  (context) => createL1ProposerService(parseL1ProposerConfig(env), named("l1-proposer", context)),
  (context) => createChallengerService(parseChallengerConfig(env), named("challenger", context)),
];

// The development pool holds the other end of this channel; without it, nobody is left to stop us.
process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
process.exitCode = await runService("operator", createOperator);
process.disconnect?.();

async function createOperator(context: ServiceContext): Promise<Service> {
  const resources = createResources();
  const running: Service[] = [];
  try {
    await Promise.all(
      services.map(async (create) => {
        const service = await create(context);
        resources.add(service, (opened) => opened[Symbol.asyncDispose]());
        running.push(service);
      }),
    );
  } catch (error) {
    await resources.close();
    throw error;
  }
  return {
    name: "operator",
    ready: async () =>
      (await Promise.all(running.map((service) => service.ready()))).every(Boolean),
    [Symbol.asyncDispose]: () => resources.close(),
  };
}

function named(service: string, context: ServiceContext): ServiceContext {
  const level = (env["LOG_LEVEL"] ?? "info") as LogLevel;
  return { ...context, logger: createLogger({ service, operator: env["OPERATOR"] }, { level }) };
}
