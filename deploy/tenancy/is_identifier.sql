-- Deploy tollhouse:tenancy/is_identifier to pg
-- requires: platform/schemas

begin;
set local role tollhouse_owner;

create function tollhouse_private.is_identifier(
  p_value text
)
  returns boolean
  language sql
  immutable
as $$
  -- Not {0,127}: a bounded repetition costs a match several times as much, and every policy asks.
  select p_value ~ '^[A-Za-z0-9][A-Za-z0-9._:@-]*$' and pg_catalog.length(p_value) <= 128
$$;
comment on function tollhouse_private.is_identifier(text) is
  'Whether a text may name a tenant, user, endpoint or model: 1 to 128 of A-Z a-z 0-9 . _ : @ -, the first a letter or digit. Null of null.';

revoke execute on function tollhouse_private.is_identifier(text) from public;
grant execute on function tollhouse_private.is_identifier(text) to tollhouse_engine;

commit;
