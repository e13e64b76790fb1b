-- Revert tollhouse:idempotency/request_keys from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.request_keys;

commit;
