-- Deploy tollhouse:execution/question_of to pg

begin;
set local role tollhouse_owner;

create function tollhouse_private.question_of(
  p_request jsonb
)
  returns text
  language sql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
  select case when p_request is not null then coalesce(
    p_request ->> 'prompt',
    (
      select case jsonb_typeof(m.message -> 'content')
        when 'string' then m.message ->> 'content'
        else (
          select string_agg(part ->> 'text', e'\n')
          from jsonb_array_elements(m.message -> 'content') as part
        )
      end
      from jsonb_array_elements(p_request -> 'messages') with ordinality as m (message, position)
      where m.message ->> 'role' = 'user'
      order by m.position desc
      limit 1
    ),
    ''
  ) end
$$;
comment on function tollhouse_private.question_of(jsonb) is 'The prompt, or the text of the last message of the user.';

revoke execute on function tollhouse_private.question_of(jsonb) from public;
grant execute on function tollhouse_private.question_of(jsonb) to tollhouse_engine;

commit;
