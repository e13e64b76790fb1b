-- Revert tollhouse:queue/check_room from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.check_room(text, integer, bigint);

do $$
begin
  for i in 0..7 loop
    execute format('drop sequence tollhouse_private.queue_look_%s', i);
  end loop;
end
$$;

commit;
