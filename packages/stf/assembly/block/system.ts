/** What the protocol itself writes at the start of a block: the beacon root (EIP-4788), on L2 the hash of the L1 origin. */
import { transaction } from "../evm/environment.ts";
import { Message, MessageResult, runMessage } from "../evm/message.ts";
import { accountAt, hasCode } from "../state/account.ts";
import { beginTransactionState, endTransactionState } from "../state/transaction.ts";

/** Address of the contract that keeps the roots. */
const beaconRootsAddress: usize = memory.data<u8>([
  0x00, 0x0f, 0x3d, 0xf6, 0xd7, 0x32, 0x80, 0x7e, 0xf1, 0x31, 0x9f, 0xb7, 0xb8, 0xbb, 0x85, 0x22,
  0xd0, 0xbe, 0xac, 0x02,
]);
/** Caller of system messages. */
const systemAddress: usize = memory.data<u8>([
  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
  0xff, 0xff, 0xff, 0xfe,
]);
/** Gas of a system message; it counts for nobody. */
const systemGas: i64 = 30_000_000;

const zeroWord: usize = memory.data(32);
const message = changetype<Message>(memory.data(offsetof<Message>()));
const result = changetype<MessageResult>(memory.data(offsetof<MessageResult>()));

/** Runs the contract with the root as its input; does nothing where there is no contract. */
export function storeBeaconRoot(root: usize): void {
  if (!hasCode(accountAt(beaconRootsAddress))) return;
  beginTransactionState();
  transaction.origin = systemAddress;
  transaction.gasPrice = zeroWord;
  message.isCreation = false;
  message.isStatic = false;
  message.gas = systemGas;
  message.caller = systemAddress;
  message.recipient = beaconRootsAddress;
  message.codeAddress = beaconRootsAddress;
  message.value = zeroWord;
  message.input = root;
  message.inputLength = 32;
  runMessage(message, result);
  endTransactionState();
}
