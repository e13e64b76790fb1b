-- Revert tollhouse:admission/early_verdict from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.early_verdict(tollhouse_private.jobs, timestamptz);

commit;
