-- Everything by its keccak-256 hash: trie nodes, codes, headers. `height` is that of the highest block that wrote it, by which
-- pruning knows what is in use.
create table contents (
  hash bytea primary key,
  height bigint not null,
  content bytea not null
);
-- codes had a letter, in hexadecimal, before their hash
insert into contents (hash, height, content)
  select decode(right(key, 64), 'hex'), (select coalesce(max(height), 0) from l2_headers), value from state_nodes
  on conflict do nothing;
insert into contents (hash, height, content) select hash, height, rlp from l2_headers on conflict do nothing;
drop table state_nodes;
drop table l2_headers;

-- States of blocks below this height may be gone.
create table state_kept (
  only_row boolean primary key default true check (only_row),
  from_height bigint not null
);

-- Seconds since 1970 from which on L1 takes no challenge of the batch; null for batches of before this column.
alter table batches add column final_at bigint;
