-- Revert tollhouse:admission/explain_refusal from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.explain_refusal(text);

commit;
