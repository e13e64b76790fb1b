-- Revert tollhouse:execution/close_calls from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.announce(tollhouse_private.settlement[]);
drop function tollhouse_private.close_calls(tollhouse_private.settlement[], timestamptz);
drop function tollhouse_private.materialize(tollhouse_private.settlement[]);
drop function tollhouse_private.ending(tollhouse_private.work, text, text, tollhouse_private.attempt_result, tollhouse_private.jobs, bigint);

commit;
