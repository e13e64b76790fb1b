-- Revert tollhouse:queue/cancel_requests from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.cancel_requests;

commit;
