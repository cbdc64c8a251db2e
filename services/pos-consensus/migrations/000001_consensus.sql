-- The PoS chain as this validator decided it.
CREATE TABLE consensus_blocks (
  height          bigint PRIMARY KEY,
  block_id        bytea NOT NULL,
  -- Canonical RLP.
  block           bytea NOT NULL,
  certificate     bytea NOT NULL,
  -- After execution: what the next height starts with.
  app_hash        bytea NOT NULL,
  next_validators bytea NOT NULL
);

-- What this validator has said at the height being decided. Written before it is sent; never overwritten.
CREATE TABLE consensus_wal (
  id     bigserial PRIMARY KEY,
  height bigint NOT NULL,
  round  integer NOT NULL,
  kind   text NOT NULL CHECK (kind IN ('prevote', 'precommit', 'proposal', 'lock')),
  record bytea NOT NULL,
  -- A second, different vote for one (height, round, type) cannot even be stored.
  UNIQUE (height, round, kind)
);

-- Double votes of others, as received: slashable on L1.
CREATE TABLE consensus_double_votes (
  validator   bytea NOT NULL,
  height      bigint NOT NULL,
  round       integer NOT NULL,
  vote_type   text NOT NULL,
  first_vote  bytea NOT NULL,
  second_vote bytea NOT NULL,
  PRIMARY KEY (validator, height, round, vote_type)
);

-- Whose store this is: a key must never vote from two stores.
CREATE TABLE consensus_identity (
  only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  validator bytea NOT NULL,
  genesis   bytea NOT NULL
);
