-- Revert tollhouse:admission/existing_call from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.existing_call(tollhouse_private.jobs);

commit;
