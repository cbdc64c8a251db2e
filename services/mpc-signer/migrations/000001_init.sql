-- Key ceremonies of which this node is a member, until the pool completed them or recorded their erasure (phase "erased"). The state holds secrets and is encrypted under a key that
-- lives in the ceremony's file: erasing the file makes every copy of the row useless.
create table ceremony (
  ceremony_id text primary key,
  phase text not null,
  state bytea,
  culprits jsonb not null default '[]',
  opened_at timestamptz not null default now()
);

-- Keys of which this node holds, or held, a share. Public data; the share is in a file of its own.
create table key (
  key_id text primary key,
  epoch bigint not null,
  scheme text not null,
  group_public jsonb not null,
  roster jsonb not null,
  self_index integer not null,
  -- EpochUpdate digest that this node computed from its own result (T2).
  update_digest text not null,
  -- pending: confirmed here, not decided. active: decided. erased: the share is gone.
  status text not null check (status in ('pending', 'active', 'erased')),
  -- Last list of nonce commitments; a restart takes the next one.
  nonce_generation bigint not null default 0,
  -- The pool recorded that this node erased its share.
  erasure_recorded boolean not null default false,
  created_at timestamptz not null default now()
);

-- A nonce that was used. Written, and on disk, before its share leaves this process.
create table spent_nonce (
  hiding text primary key,
  binding text not null unique,
  session_id text not null unique,
  digest text not null,
  spent_at timestamptz not null default now()
);

-- Signing attempts that the pool opened, and this node's share once released.
create table signing_session (
  session_id text primary key,
  key_id text not null,
  digest text not null,
  opening jsonb not null,
  deadline_ms bigint not null,
  phase text not null,
  refusal text,
  culprits jsonb not null default '[]',
  share text,
  opened_at timestamptz not null default now()
);

create index signing_session_open on signing_session (deadline_ms) where phase <> 'closed';

-- Epoch updates that the pool decided; the next one continues the last that L1 registered.
create table epoch_update (
  epoch bigint primary key,
  digest text not null,
  activated boolean not null default false
);

-- Members of the newest epoch, in index order: every EpochUpdate names them all, whoever took part in the ceremony.
create table member_set (
  epoch bigint primary key,
  addresses jsonb not null
);
