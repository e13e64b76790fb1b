-- Revert tollhouse:breaker/provider_windows from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.provider_windows;

commit;
