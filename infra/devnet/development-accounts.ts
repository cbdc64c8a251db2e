/** The accounts that every Ethereum development tool knows; they have funds on both chains. Never use them elsewhere. */
import { bytesToHex, type Hex } from "@sequorum/protocol";
import { type HDAccount, mnemonicToAccount } from "viem/accounts";

/** An account and its well-known key. */
export type DevelopmentAccount = { readonly address: Hex; readonly privateKey: Hex };

/** The published test mnemonic of the field's development nodes. */
const mnemonic = "test test test test test test test test test test test junk";

/** Accounts 0 to 9 of the mnemonic. */
export const developmentAccounts: readonly [DevelopmentAccount, ...DevelopmentAccount[]] = [
  derive(0),
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map(derive),
];

function derive(addressIndex: number): DevelopmentAccount {
  const account: HDAccount = mnemonicToAccount(mnemonic, { addressIndex });
  const { privateKey } = account.getHdKey();
  if (privateKey === null) throw new TypeError("a derived account has a private key");
  return { address: account.address.toLowerCase() as Hex, privateKey: bytesToHex(privateKey) };
}
