/** Test entry: the entry `transaction` alone. */
import { transaction } from "../../assembly/entries/transaction.ts";

export { transaction };
