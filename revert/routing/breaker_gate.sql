-- Revert tollhouse:routing/breaker_gate from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.breaker_gate(text, timestamptz, timestamptz);

commit;
