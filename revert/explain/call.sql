-- Revert tollhouse:explain/call from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.explain(text, text, text, text);

set local role tollhouse_owner;

drop function tollhouse.explain(text, text, text);
drop function tollhouse_private.explain_call(tollhouse_private.request_keys, timestamptz);

commit;
