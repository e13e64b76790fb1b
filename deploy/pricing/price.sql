-- Deploy tollhouse:pricing/price to pg

begin;
set local role tollhouse_owner;

create type tollhouse_private.price as (
  input bigint,
  cached_input bigint,
  output bigint,
  reasoning bigint
);
comment on type tollhouse_private.price is 'What a million tokens of each kind cost, in micro-USD.';

commit;
