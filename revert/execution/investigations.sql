-- Revert tollhouse:execution/investigations from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.investigations;

commit;
