create table contents (
  hash bytea primary key,
  height bigint not null,
  content bytea not null
);
create table state_kept (
  only_row boolean primary key default true check (only_row),
  from_height bigint not null
);
