export { createPrng, type Prng } from "./prng.ts";
export { calmLink, createSimNetwork, type LinkConditions, type SimNetwork } from "./sim-network.ts";
export { createVirtualClock, type VirtualClock } from "./virtual-clock.ts";
