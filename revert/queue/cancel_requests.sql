-- Revert tollhouse:queue/cancel_requests from pg

begin;

drop table tollhouse_private.cancel_requests;

commit;
