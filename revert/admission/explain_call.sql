-- Revert tollhouse:admission/explain_call from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.explain_call(tollhouse_private.request_keys, timestamptz);

commit;
