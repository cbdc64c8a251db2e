import { commitState } from "../../assembly/state/commit.ts";
import {
  beginState,
  endTransactionState,
  beginTransactionState,
  checkpoint,
  revertTo,
} from "../../assembly/state/transaction.ts";
import { accountAt, codeOf, isCollision, isEmptyAccount } from "../../assembly/state/account.ts";
import { warmAccount, warmSlot, firstAccessedAccount } from "../../assembly/state/access.ts";
import { looseCode } from "../../assembly/state/code.ts";
import { slotAt } from "../../assembly/state/slot.ts";
import * as c from "../../assembly/state/changes.ts";
import * as t from "../../assembly/state/transient.ts";
import * as r from "../../assembly/state/refund.ts";
import * as l from "../../assembly/state/logs.ts";
export function a(x: usize): usize {
  beginState(x);
  beginTransactionState();
  checkpoint();
  revertTo(0);
  endTransactionState();
  commitState(x, true);
  const a = accountAt(x);
  codeOf(a);
  isEmptyAccount(a);
  warmAccount(a);
  const s = slotAt(a, x);
  warmSlot(s);
  looseCode(1, 1);
  c.selfDestruct(a, a);
  c.setSlotValue(s, x);
  c.setCode(a, x, 5);
  isCollision(a);
  c.createAccount(a);
  c.subtractBalance(a, x);
  t.setTransientValue(a, x, x);
  r.addRefund(r.refundCounter());
  l.appendLog(x, 1, x, x, x);
  l.firstLogOfTransaction();
  return (
    s.original +
    changetype<usize>(firstAccessedAccount()) +
    changetype<usize>(t.transientValue(a, x))
  );
}
