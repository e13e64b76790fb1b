-- Revert tollhouse:execution/begin_attempts from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.begin_attempts(uuid, tollhouse_private.route[], timestamptz);

commit;
