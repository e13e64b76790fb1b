-- Revert tollhouse:admission/enqueue from pg

begin;
set local role tollhouse_owner;

drop function tollhouse.enqueue_many(jsonb);
drop function tollhouse.enqueue(text, jsonb, text, text, text, boolean, bigint, timestamptz, jsonb);
drop function tollhouse_private.existing_call(tollhouse_private.jobs);

commit;
