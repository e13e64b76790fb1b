-- Revert tollhouse:admission/explain from pg

begin;
set local role tollhouse_owner;

drop function tollhouse.explain(text, text);
drop function tollhouse_private.explain_waiting(tollhouse_private.jobs, timestamptz);
drop function tollhouse_private.explain_refusal(text);

commit;
