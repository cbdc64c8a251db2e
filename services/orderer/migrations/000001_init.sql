-- Blocks of every branch that were found valid here. Hashes are raw bytes.
create table blocks (
  hash bytea primary key,
  height bigint not null,
  parent_hash bytea not null,
  term bigint not null,
  origin_number bigint not null,
  forced_count integer not null,
  header bytea not null,
  rlp bytea not null,
  receipts bytea not null,
  -- Leader's signature; null for genesis and for certified blocks that came without a usable one.
  seal bytea
);
create index blocks_height on blocks (height);

-- The canonical chain.
create table canonical (
  height bigint primary key,
  hash bytea not null references blocks (hash)
);

-- Blocks that this node sealed as leader: one for a term and height, for ever (offence a of ARCHITECTURE section 5).
create table seals (
  term bigint not null,
  height bigint not null,
  hash bytea not null,
  signature bytea not null,
  primary key (term, height)
);

create table transactions (
  hash bytea not null,
  block_hash bytea not null,
  position integer not null,
  primary key (hash, block_hash)
);

create table logs (
  block_hash bytea not null,
  height bigint not null,
  log_index integer not null,
  transaction_index integer not null,
  transaction_hash bytea not null,
  address bytea not null,
  topics bytea[] not null,
  data bytea not null,
  primary key (block_hash, log_index)
);
create index logs_height on logs (height);
create index logs_address on logs (address, height);

-- Trie nodes by hash and codes by "c" and hash: content-addressed, shared by all branches, never deleted.
create table nodes (
  key bytea primary key,
  value bytea not null
);

-- Acknowledged transactions that are in no certified block yet.
create table mempool (
  hash bytea primary key,
  sequence bigint not null,
  received_at_ms bigint not null,
  raw bytea not null
);

-- Decisions of the PoS chain.
create table terms (
  term bigint primary key,
  leader bytea not null,
  first_block bigint not null,
  last_block bigint not null
);
create table certified (
  height bigint primary key,
  hash bytea not null
);
create table batches (
  batch_index bigint primary key,
  last_block bigint not null,
  l1_tx_hash bytea,
  is_final boolean not null default false
);
create index batches_last_block on batches (last_block);
-- The certified block up to which everything is held and canonical.
create table progress (
  only_row boolean primary key default true check (only_row),
  certified_height bigint not null
);

-- Confirmed L1 blocks and entries of the forced queue.
create table l1_blocks (
  number bigint primary key,
  hash bytea not null,
  timestamp bigint not null,
  queue_length bigint not null
);
create table forced_entries (
  position bigint primary key,
  l1_block_number bigint not null,
  transaction bytea not null
);

-- Two seals of one leader for one term and height.
create table double_seals (
  first_hash bytea not null,
  second_hash bytea not null,
  leader bytea not null,
  first_rlp bytea,
  second_rlp bytea,
  first_seal bytea,
  second_seal bytea,
  primary key (first_hash, second_hash)
);

-- Peers as last read from L1, for starts while L1 is away.
create table peers (
  address bytea primary key,
  endpoint text not null,
  certificate bytea not null
);
