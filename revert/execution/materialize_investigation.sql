-- Revert tollhouse:execution/materialize_investigation from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.materialize_investigation(text, text, uuid, timestamptz, jsonb, jsonb);

commit;
