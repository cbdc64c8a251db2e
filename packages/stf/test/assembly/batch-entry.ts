/** Test entry of batch/: the entry itself, and the codes of DEFLATE. */
import { batch } from "../../assembly/batch/batch-entry.ts";
import {
  distanceBase,
  distanceExtraBits,
  distanceIndex,
  lengthBase,
  lengthExtraBits,
  lengthIndex,
} from "../../assembly/batch/deflate-codes.ts";

export {
  batch,
  distanceBase,
  distanceExtraBits,
  distanceIndex,
  lengthBase,
  lengthExtraBits,
  lengthIndex,
};
