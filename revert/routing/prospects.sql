-- Revert tollhouse:routing/prospects from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.prospects(tollhouse_private.work, timestamptz);

commit;
