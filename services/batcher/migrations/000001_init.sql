-- Hashes that the PoS chain certified; the blocks themselves are in the orderer.
create table certified_blocks (
  height bigint primary key,
  hash bytea not null check (length(hash) = 32)
);

-- Batch indexes as the PoS chain opened them. When signed batches are given up, an index and attempt can open again.
create table openings (
  -- Order of the decisions; the last one counts.
  id bigint generated always as identity,
  batch_index bigint not null,
  attempt integer not null,
  proposer bytea not null,
  first_block bigint not null,
  opened_at_ms bigint not null,
  parent_hash bytea not null,
  parent_block_hash bytea not null,
  queue_from bigint not null,
  epoch bigint not null,
  primary key (batch_index, attempt)
);

-- Headers that the PoS chain wants judged; at most one an attempt.
create table proposals (
  batch_index bigint not null,
  attempt integer not null,
  digest bytea not null,
  header bytea not null,
  primary key (batch_index, attempt)
);
create index proposals_digest on proposals (digest);

-- Batches that this operator computed itself.
create table batches (
  digest bytea primary key,
  batch_index bigint not null,
  attempt integer not null,
  header bytea not null,
  data bytea not null
);
create index batches_index on batches (batch_index, attempt);

-- What this operator said about an attempt. The primary key is what keeps it from saying two things.
create table statements (
  batch_index bigint not null,
  attempt integer not null,
  role text not null check (role in ('proposal', 'answer')),
  digest bytea not null,
  -- Refusal code; null for a proposal or an endorsement.
  refusal text,
  -- Pool payload as submitted to pos-consensus.
  payload bytea not null,
  submitted_at timestamptz,
  primary key (batch_index, attempt, role)
);
create index statements_unsent on statements (batch_index, attempt) where submitted_at is null;
