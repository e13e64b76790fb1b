-- Revert tollhouse:rate_limit/call_up from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.call_up(timestamptz);

commit;
