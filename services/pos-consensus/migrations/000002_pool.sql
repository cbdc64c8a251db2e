-- Members as L1 had them at the genesis block: read once, so that a restart needs no archive node.
CREATE TABLE pool_genesis (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  members  text NOT NULL
);

-- The pool's state after some heights; later ones are replayed from the blocks.
CREATE TABLE pool_snapshots (
  height bigint PRIMARY KEY,
  state  text NOT NULL
);

-- What this operator wants to say on the PoS chain and has not yet said, or not yet in vain. Written before the ack.
CREATE TABLE pool_payloads (
  id           bigserial PRIMARY KEY,
  payload_hash bytea NOT NULL UNIQUE,
  payload      bytea NOT NULL
);

-- Which PoS block certified which L2 blocks, both inclusive.
CREATE TABLE pool_certified (
  from_height bigint PRIMARY KEY,
  to_height   bigint NOT NULL,
  pos_height  bigint NOT NULL
);

-- Newest known stage of each batch.
CREATE TABLE pool_batches (
  batch_index bigint PRIMARY KEY,
  attempt     integer NOT NULL,
  stage       text NOT NULL CHECK (stage IN ('open', 'proposed', 'endorsed', 'signed', 'posted', 'final')),
  header      bytea,
  l1_tx_hash  bytea
);

-- Last L1 block whose events have become payloads.
CREATE TABLE l1_cursor (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  number   bigint NOT NULL,
  hash     text NOT NULL
);

-- Batches seen on L1 whose challenge window is open.
CREATE TABLE l1_windows (
  batch_index      bigint PRIMARY KEY,
  digest           text NOT NULL,
  last_block       bigint NOT NULL,
  final_at_seconds bigint NOT NULL
);
