/** The EIP-4788 contract, a predeploy of genesis: through it L2 contracts read the L1 origin's hash by timestamp. */
import type { Hex } from "@sequorum/protocol";

/** Address of the contract on every chain. */
export const beaconRootsAddress: Hex = "0x000f3df6d732807ef1319fb7b8bb8522d0beac02";
/** HISTORY_BUFFER_LENGTH. */
export const beaconRootsBufferLength = 8_191n;
/** Runtime code. */
export const beaconRootsCode: Hex =
  "0x3373fffffffffffffffffffffffffffffffffffffffe14604d57602036146024575f5ffd5b5f35801560495762001fff810690815414603c575f5ffd5b62001fff01545f5260205ff35b5f5ffd5b62001fff42064281555f359062001fff015500";
