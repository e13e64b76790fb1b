-- Deploy tollhouse:task_types/candidate_models to pg

begin;
set local role tollhouse_owner;

create function tollhouse_private.candidate_models(
  p_endpoint text,
  p_requested_model text
)
  returns table (
    model text,
    provider text,
    provider_model text,
    preference bigint,
    candidates bigint
  )
  language sql
  stable
as $$
  select m.model::pg_catalog.text, m.provider, m.provider_model, u.preference - 1, pg_catalog.count(*) over ()
  from tollhouse_private.task_types as tt
  cross join lateral pg_catalog.unnest(tt.models) with ordinality as u (model, preference)
  join tollhouse_private.models as m on m.model = u.model
  where tt.endpoint = p_endpoint
    and (p_requested_model is null or m.model = p_requested_model)
$$;
comment on function tollhouse_private.candidate_models(text, text) is
  'The models a call may use: its endpoint''s, in order of preference from 0, or the one it asked for.';

revoke execute on function tollhouse_private.candidate_models(text, text) from public;
grant execute on function tollhouse_private.candidate_models(text, text) to tollhouse_engine;

commit;
