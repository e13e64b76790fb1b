-- Revert tollhouse:admission/enqueue_query from pg

begin;
set local role tollhouse_owner;

drop function tollhouse.enqueue_query(text);

commit;
