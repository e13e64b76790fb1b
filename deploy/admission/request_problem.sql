-- Deploy tollhouse:admission/request_problem to pg
-- requires: admission/json_problem

begin;
set local role tollhouse_owner;

create function tollhouse_private.request_problem(
  p_request jsonb
)
  returns text
  language plpgsql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  -- What changes the price unseen (n, service_tier, …) or the shape of the answer (stream) is not in it.
  c_parameters constant text[] := array[
    'prompt', 'messages', 'max_tokens', 'max_completion_tokens', 'temperature', 'top_p', 'stop', 'seed',
    'presence_penalty', 'frequency_penalty', 'logit_bias', 'response_format', 'reasoning_effort', 'verbosity',
    'tools', 'tool_choice', 'parallel_tool_calls', 'user', 'safety_identifier', 'prompt_cache_key'
  ];
  v_key text;
  v_message jsonb;
  v_place text;
begin
  if p_request is null or jsonb_typeof(p_request) <> 'object' then
    return 'it is not a JSON object';
  end if;
  if tollhouse_private.json_problem(p_request) is not null then
    return tollhouse_private.json_problem(p_request);
  end if;
  if (p_request ? 'prompt') = (p_request ? 'messages') then
    return case when p_request ? 'prompt' then 'it has both a prompt and messages' else 'it has neither a prompt nor messages' end;
  end if;
  select k.key into v_key from jsonb_object_keys(p_request) as k (key) where k.key <> all (c_parameters) order by 1 limit 1;
  if found then
    return format('parameter %s is not supported; these are: %s', quote_ident(left(v_key, 60)), array_to_string(c_parameters, ', '));
  end if;

  if p_request ? 'prompt' and (jsonb_typeof(p_request -> 'prompt') <> 'string' or p_request ->> 'prompt' !~ '[^[:space:]]') then
    return 'prompt is not a text, or empty';
  end if;
  if p_request ? 'messages' then
    if jsonb_typeof(p_request -> 'messages') <> 'array' or jsonb_array_length(p_request -> 'messages') = 0 then
      return 'messages is not an array, or empty';
    end if;
    for v_message, v_place in
      select m.message, format('messages[%s]', m.position - 1)
      from jsonb_array_elements(p_request -> 'messages') with ordinality as m (message, position)
    loop
      if jsonb_typeof(v_message) <> 'object' then
        return v_place || ' is not an object';
      end if;
      if coalesce(v_message ->> 'role', '') not in ('system', 'developer', 'user', 'assistant', 'tool') then
        return v_place || ' has no role of system, developer, user, assistant, tool';
      end if;
      case coalesce(jsonb_typeof(v_message -> 'content'), 'null')
        when 'string' then null;
        when 'array' then
          if exists (
            select
            from jsonb_array_elements(v_message -> 'content') as part
            where part ->> 'type' is distinct from 'text' or coalesce(jsonb_typeof(part -> 'text'), '') <> 'string'
          ) then
            return v_place || ' has a content part that is not text';
          end if;
        when 'null' then
          if v_message ->> 'role' <> 'assistant' or coalesce(jsonb_typeof(v_message -> 'tool_calls'), '') <> 'array' then
            return v_place || ' has no content';
          end if;
        else
          return v_place || ' has a content that is neither a text nor an array of parts';
      end case;
    end loop;
  end if;

  foreach v_key in array array['max_tokens', 'max_completion_tokens'] loop
    if p_request ? v_key
      and (jsonb_typeof(p_request -> v_key) <> 'number' or p_request ->> v_key !~ '^[1-9][0-9]{0,8}$')
    then
      return v_key || ' is not a positive whole number';
    end if;
  end loop;
  return null;
end
$$;
comment on function tollhouse_private.request_problem(jsonb) is
  'What is wrong with a request, in words, or null. A request is {"prompt": text} or {"messages": […]} with parameters of the OpenAI chat-completions API.';

revoke execute on function tollhouse_private.request_problem(jsonb) from public;

commit;
