-- Revert tollhouse:breaker/breakers from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.provider_windows;
drop table tollhouse_private.provider_breakers;
drop table tollhouse_private.breakers;

commit;
