-- Revert tollhouse:breaker/provider_breakers from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.provider_breakers;

commit;
