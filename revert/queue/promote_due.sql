-- Revert tollhouse:queue/promote_due from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.promote_due(timestamptz, text);
drop function tollhouse_private.users_scheduled(text, text, integer);

commit;
