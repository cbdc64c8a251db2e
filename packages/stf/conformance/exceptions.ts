/**
 * Which of our faults a test's `expectException` allows. The names are those of ethereum/execution-spec-tests; several
 * may be given, separated by |, when clients differ in what they check first.
 */

const allowedFaults: Readonly<Record<string, readonly string[]>> = {
  ADDRESS_TOO_LONG: ["MALFORMED"],
  ADDRESS_TOO_SHORT: ["MALFORMED"],
  EC_RECOVERY_FAIL: ["BAD_SIGNATURE"],
  GAS_ALLOWANCE_EXCEEDED: ["GAS_LIMIT_ABOVE_BLOCK", "GAS_LEFT_TOO_LOW"],
  GASLIMIT_OVERFLOW: ["MALFORMED", "GAS_LIMIT_ABOVE_BLOCK"],
  GASLIMIT_PRICE_PRODUCT_OVERFLOW: ["INSUFFICIENT_FUNDS"],
  GASPRICE_OVERFLOW: ["MALFORMED"],
  INITCODE_SIZE_EXCEEDED: ["INITCODE_TOO_LARGE"],
  INSUFFICIENT_ACCOUNT_FUNDS: ["INSUFFICIENT_FUNDS"],
  INSUFFICIENT_MAX_FEE_PER_GAS: ["FEE_TOO_LOW"],
  INTRINSIC_GAS_TOO_LOW: ["INTRINSIC_GAS_TOO_LOW"],
  INVALID_CHAINID: ["WRONG_CHAIN_ID"],
  // an unsigned one has v = 0; one of the tests has too little gas besides
  INVALID_SIGNATURE_VRS: ["BAD_SIGNATURE", "MALFORMED", "WRONG_CHAIN_ID", "INTRINSIC_GAS_TOO_LOW"],
  NONCE_IS_MAX: ["NONCE_MAX"],
  NONCE_OVERFLOW: ["NONCE_MAX", "MALFORMED"],
  NONCE_TOO_BIG: ["NONCE_MAX"],
  PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS: ["FEE_CAP_BELOW_TIP"],
  PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS_2: ["FEE_CAP_BELOW_TIP"],
  PRIORITY_OVERFLOW: ["MALFORMED"],
  SENDER_NOT_EOA: ["SENDER_NOT_EOA"],
  TYPE_NOT_SUPPORTED: ["TYPE_UNKNOWN", "MALFORMED"],
  VALUE_OVERFLOW: ["MALFORMED"],
};

/** Whether the fault is one that the exception stands for. Everything that begins with RLP_ is malformed. */
export function isExpectedFault(exception: string, fault: string): boolean {
  return exception.split("|").some((part) => {
    const name = part.replace(/^TransactionException\./, "");
    if (name.startsWith("RLP_")) return ["MALFORMED", "TYPE_UNKNOWN"].includes(fault);
    return allowedFaults[name]?.includes(fault) ?? false;
  });
}
