-- What is to be on L1. `content` is the protobuf message BatchSigned or EpochKeySigned that asked for it.
create table submissions (
  key text primary key,
  kind text not null check (kind in ('batch', 'epoch')),
  subject bigint not null,
  digest text not null,
  attempt integer not null,
  position integer not null,
  content bytea not null,
  status text not null default 'fresh',
  nonce bigint,
  tx_hash text,
  gas_used bigint,
  fee_wei numeric(78),
  since_block bigint,
  settled boolean,
  code text,
  reported boolean,
  created_at timestamptz not null default now(),
  mined_at timestamptz
);

create index submissions_by_age on submissions (created_at desc);

-- Signed transactions, stored before they are sent. `raw` is dropped when the nonce is final.
create table transactions (
  hash text primary key,
  nonce bigint not null,
  owner text references submissions (key),
  is_cancel boolean not null,
  gas bigint not null,
  max_fee_per_gas_wei numeric(78) not null,
  max_priority_fee_per_gas_wei numeric(78) not null,
  raw bytea,
  is_final boolean not null default false,
  created_at timestamptz not null default now()
);

create index transactions_by_nonce on transactions (nonce);
