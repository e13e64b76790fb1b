-- Revert tollhouse:execution/materialize from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.materialize(tollhouse_private.settlement[]);

commit;
