-- Revert tollhouse:queue/without_request from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.without_request(tollhouse_private.jobs);

commit;
