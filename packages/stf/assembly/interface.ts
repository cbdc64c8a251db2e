/**
 * What the module and its host agree on: kinds of questions, kinds of outputs, codes. Both sides import this file, so
 * it holds untyped constants only. Layouts are in packages/stf/README.md ("Questions and outputs").
 */

// Questions: preimage(kind, key, keyLength) answers the length of the content, takePreimage(destination) copies it.
/** The task of this run: RLP; no key. */
export const preimageTask = 0;
/** Forced-queue entry; key: index in the task's slice, u32 little-endian. */
export const preimageForcedEntry = 1;
/** Raw transaction; key: index, u32 little-endian. Length -1: there is none any more. */
export const preimageTransaction = 2;
/** The data of one batch; no key. */
export const preimageBatchData = 3;
/** What has this keccak256 hash (trie node, code, header); key: 32 bytes. */
export const preimageKeccak = 4;
/** Result of a precompile; key: its number (1 byte), the gas it requires (u64 little-endian), its input. Answer: 1 and output, or 0. */
export const preimagePrecompile = 5;

// Outputs: emit(kind, content, length).
export const outputNode = 0;
export const outputCode = 1;
export const outputReceipt = 2;
export const outputLeftOut = 3;
export const outputSkipped = 4;
export const outputSender = 5;
export const outputHeader = 6;
export const outputFault = 7;
export const outputCallResult = 8;
export const outputAccessList = 9;
export const outputTraceStep = 10;
export const outputTransaction = 11;
export const outputBatchBlock = 12;
export const outputAccount = 13;
export const outputSlot = 14;
export const outputProofNode = 15;
export const outputStateRoot = 16;

// Exit codes of every entry.
export const exitDone = 0;
/** The input is not includable or not decodable; `outputFault` says why. */
export const exitNotIncludable = 2;

// Modes of a block: what happens with a sequenced transaction that cannot be included.
/** The block cannot be made. */
export const modeAll = 0;
/** It is left out (leader). */
export const modeBuild = 1;
/** As modeAll, but the list begins with the forced transactions, which must be the queue's (follower). */
export const modeVerify = 2;

// Faults of a transaction, of a block's inputs, of batch data.
export const faultNone = 0;
export const faultMalformed = 1;
export const faultOversized = 2;
export const faultBlobTypeRefused = 3;
export const faultTypeUnknown = 4;
export const faultUnprotected = 5;
export const faultWrongChainId = 6;
export const faultBadSignature = 7;
export const faultIntrinsicGasTooLow = 8;
export const faultInitcodeTooLarge = 9;
export const faultFeeCapBelowTip = 10;
export const faultGasLimitAboveBlock = 11;
export const faultGasLeftTooLow = 12;
export const faultFeeTooLow = 13;
export const faultNonceTooLow = 14;
export const faultNonceTooHigh = 15;
export const faultNonceMax = 16;
export const faultInsufficientFunds = 17;
export const faultSenderNotEoa = 18;
export const faultTimestampNotAfterParent = 19;
export const faultTimestampBeforeOrigin = 20;
export const faultTimestampDrift = 21;
export const faultOriginWentBack = 22;
export const faultTermWentBack = 23;
export const faultQueueGap = 24;
export const faultQueueBeyondOrigin = 25;
export const faultBlockTooLarge = 26;
export const faultForcedTransactionsDiffer = 27;
export const faultStreamTruncated = 28;
export const faultStreamMalformed = 29;
export const faultStreamTooLong = 30;
export const faultStreamTrailingBytes = 31;
export const faultColumnsTruncated = 32;
export const faultColumnsTrailingBytes = 33;
export const faultColumnsVersionUnknown = 34;
export const faultColumnsWithoutBlocks = 35;
export const faultColumnValueOutOfRange = 36;
export const faultNotCanonical = 37;
export const faultBlockNotInBatch = 38;

// How a message ended. 0 is success.
export const haltRevert = 1;
export const haltOutOfGas = 2;
export const haltStackUnderflow = 3;
export const haltStackOverflow = 4;
export const haltBadJump = 5;
export const haltBadInstruction = 6;
export const haltStaticViolation = 7;
export const haltReturnDataOutOfBounds = 8;
export const haltCodeTooLarge = 9;
export const haltCodeStartsWithEf = 10;
export const haltAddressCollision = 11;
export const haltPrecompileFailed = 12;
export const haltCallDepth = 13;
export const haltInsufficientBalance = 14;
export const haltNonceOverflow = 15;
export const haltInitcodeTooLarge = 16;
