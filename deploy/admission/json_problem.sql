-- Deploy tollhouse:admission/json_problem to pg

begin;
set local role tollhouse_owner;

-- What Postgres takes and the JSON readers of others refuse: a worker must be able to read what it claims.
create function tollhouse_private.json_problem(
  p_value jsonb
)
  returns text
  language sql
  immutable
as $$
  select case
    when pg_catalog.jsonb_path_exists(p_value, 'strict $.**{65}') then 'it is nested deeper than 64 levels'
    when pg_catalog.jsonb_path_exists(p_value, 'strict $.** ? (@ >= 1e40 || @ <= -1e40)') then 'a number in it has more than 40 digits'
  end
$$;
comment on function tollhouse_private.json_problem(jsonb) is
  'What is wrong with a JSON value of a client''s, whatever it is for, in words, or null.';

revoke execute on function tollhouse_private.json_problem(jsonb) from public;

commit;
