-- L1 blocks that were processed; a later one is processed only after this row is on disk.
create table l1_blocks (
  number bigint primary key,
  hash bytea not null,
  timestamp bigint not null
);

-- Entries of the forced queue.
create table queue_entries (
  position bigint primary key,
  l1_block bigint not null,
  transaction bytea not null
);

-- Registered epochs, as JSON of the core's EpochKey.
create table epochs (
  epoch bigint primary key,
  l1_block bigint not null,
  key text not null
);

-- Submitted batches. A batch is void from the L1 block that voids it.
create table batches (
  id bigint generated always as identity primary key,
  batch_index bigint not null,
  batch_hash bytea not null,
  -- Up to 2^64 - 1, whatever a wrong header says.
  last_block numeric(20) not null,
  l1_block bigint not null,
  l1_tx_hash bytea not null,
  status text not null check (status in ('verified', 'wrong', 'unverified')),
  -- JSON of the core's Tip, of verified batches.
  tip text,
  void_l1_block bigint
);
create unique index batches_live on batches (batch_index) where void_l1_block is null;

-- Alarms, in the order in which they were raised; a reorganised L1 block takes its alarms with it.
create table alarms (
  id bigint generated always as identity primary key,
  batch_index bigint not null,
  l1_block bigint not null,
  alarm text not null
);

-- Headers of derived L2 blocks.
create table l2_headers (
  hash bytea primary key,
  height bigint not null,
  rlp bytea not null
);

-- State: trie nodes and codes by content (keys as in packages/stf).
create table state_nodes (
  key text primary key,
  value bytea not null
);
