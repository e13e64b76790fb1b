-- Deploy tollhouse:tenancy/is_identifier to pg

begin;
set local role tollhouse_owner;

create function tollhouse_private.is_identifier(
  p_value text
)
  returns boolean
  language sql
  immutable
as $$
  -- Not {0,127}: bounded repetition makes a match several times slower, and every policy calls this.
  -- All of it is ASCII, so the length in bytes, which is known without a look at them, bounds what is looked at.
  select pg_catalog.octet_length(p_value) <= 128 and p_value collate "C" ~ '^[A-Za-z0-9][A-Za-z0-9._:@-]*$'
$$;
comment on function tollhouse_private.is_identifier(text) is
  'Whether a text may name a tenant, user, endpoint or model: 1 to 128 of A-Z a-z 0-9 . _ : @ -, starting with a letter or digit; null for null.';

revoke execute on function tollhouse_private.is_identifier(text) from public;
grant execute on function tollhouse_private.is_identifier(text) to tollhouse_engine;

commit;
