-- Revert tollhouse:admission/enqueue_many from pg

begin;
set local role tollhouse_owner;

drop function tollhouse.enqueue_many(jsonb);

commit;
