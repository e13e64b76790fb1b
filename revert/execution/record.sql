-- Revert tollhouse:execution/record from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_worker.record(uuid, jsonb);
drop function tollhouse_private.unreadable_result(jsonb);
drop function tollhouse_private.append_late(uuid, tollhouse_private.attempt_result[], timestamptz);

commit;
