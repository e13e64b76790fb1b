-- Revert tollhouse:admission/explain from pg

begin;
set local role tollhouse_owner;

drop function tollhouse.explain(text, text, text);

commit;
