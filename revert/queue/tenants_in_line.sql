-- Revert tollhouse:queue/tenants_in_line from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.users_in_line(text, text, integer);
drop function tollhouse_private.tenants_in_line(text, integer);

commit;
