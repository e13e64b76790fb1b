-- Revert tollhouse:execution/learn_overrun from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.learn_overrun(text, uuid, numeric, timestamptz);

commit;
