-- Verify tollhouse:queue/check_room on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.check_room(text, integer, bigint)', 'tollhouse_engine', 'invoker', '{}');
select tollhouse_private.verify_that(count(*) = 8, 'tollhouse_private.queue_look_0 to _7 are not eight sequences of tollhouse_engine')
from pg_catalog.pg_class as c
where c.relnamespace = 'tollhouse_private'::regnamespace
  and c.relkind = 'S'
  and c.relname like 'queue\_look\__'
  and c.relowner = 'tollhouse_engine'::regrole;

rollback;
