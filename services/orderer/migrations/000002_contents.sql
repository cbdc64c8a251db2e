-- Everything by its keccak-256 hash: trie nodes, codes, headers. Shared by all branches; `height` is that of the highest
-- block that wrote it, by which pruning knows what is in use.
alter table nodes rename to contents;
alter table contents rename column key to hash;
alter table contents rename column value to content;
alter table contents add column height bigint not null default 0;
update contents set height = (select coalesce(max(height), 0) from blocks);
alter table contents alter column height drop default;
-- codes had a letter before their hash
insert into contents (hash, height, content)
  select substring(hash from 2), height, content from contents where length(hash) = 33 on conflict do nothing;
delete from contents where length(hash) = 33;
insert into contents (hash, height, content) select hash, height, header from blocks on conflict do nothing;

-- States of blocks below this height may be gone.
create table state_kept (
  only_row boolean primary key default true check (only_row),
  from_height bigint not null
);
