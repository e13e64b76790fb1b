-- Revert tollhouse:queue/pick from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.pick(text, integer);
drop function tollhouse_private.tenants_in_line(text, integer);
drop function tollhouse_private.promote_due(timestamptz);

commit;
