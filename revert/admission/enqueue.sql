-- Revert tollhouse:admission/enqueue from pg

begin;
set local role tollhouse_owner;

drop function tollhouse.enqueue_as(text, text, text, jsonb, text, text, text, boolean, bigint, timestamptz, jsonb);
drop function tollhouse.enqueue(text, jsonb, text, text, text, boolean, bigint, timestamptz, jsonb);

commit;
