-- Deploy tollhouse:admission/request_problem to pg

begin;
set local role tollhouse_engine;

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

create function tollhouse_private.value_fits(
  p_value jsonb,
  p_kind text
)
  returns boolean
  language sql
  immutable
as $$
  select case p_kind
    when 'words' then pg_catalog.jsonb_typeof(p_value) = 'string' and tollhouse_private.has_visible(p_value #>> '{}')
    when 'text' then pg_catalog.jsonb_typeof(p_value) = 'string'
    when 'content' then pg_catalog.jsonb_typeof(p_value) = 'string'
    when 'label' then pg_catalog.jsonb_typeof(p_value) = 'string' and pg_catalog.length(p_value #>> '{}') between 1 and 256
    when 'word' then pg_catalog.jsonb_typeof(p_value) = 'string' and p_value #>> '{}' ~ '^[a-z]{1,32}$'
    when 'name' then pg_catalog.jsonb_typeof(p_value) = 'string' and p_value #>> '{}' ~ '^[A-Za-z0-9_-]{1,64}$'
    when 'role' then p_value in ('"system"', '"developer"', '"user"', '"assistant"', '"tool"')
    when 'text only' then p_value = '"text"'
    when 'function only' then p_value = '"function"'
    when 'format type' then p_value in ('"text"', '"json_object"', '"json_schema"')
    when 'choice' then p_value in ('"none"', '"auto"', '"required"')
    when 'boolean' then p_value in ('true', 'false')
    when 'schema' then pg_catalog.jsonb_typeof(p_value) = 'object'
    when 'stop' then pg_catalog.jsonb_typeof(p_value) = 'string'
      or p_value @? 'strict $ ? (@.type() == "array" && @.size() > 0 && @.size() <= 4 && !(@[*].type() != "string"))'
    when 'biases' then pg_catalog.jsonb_typeof(p_value) = 'object'
      and not p_value @? '$.keyvalue() ? (!(@.key like_regex "^[0-9]{1,9}$") || @.value.type() != "number" || @.value > 100 || @.value < -100)'
    -- A jsonb between two numbers is a number.
    when 'count' then p_value between '1' and '999999999' and p_value #>> '{}' !~ '[.]'
    when 'seed' then p_value between '-9223372036854775808' and '9223372036854775807' and p_value #>> '{}' !~ '[.]'
    when '0 to 1' then p_value between '0' and '1'
    when '0 to 2' then p_value between '0' and '2'
    when '-2 to 2' then p_value between '-2' and '2'
    -- What nearly all messages and parts are; the others are walked through.
    when 'message' then case when pg_catalog.jsonb_typeof(p_value) = 'object' then
      pg_catalog.jsonb_typeof(p_value -> 'content') = 'string'
      and p_value -> 'role' in ('"system"', '"developer"', '"user"', '"assistant"')
      and p_value - array['role', 'content'] = '{}'
    end
    when 'part' then case when pg_catalog.jsonb_typeof(p_value) = 'object' then
      pg_catalog.jsonb_typeof(p_value -> 'text') = 'string'
      and p_value -> 'type' = '"text"'
      and p_value - array['type', 'text'] = '{}'
    end
  end
$$;
comment on function tollhouse_private.value_fits(jsonb, text) is
  'Whether a part of a request is in order as it stands; else it is wrong, or request_problem looks into it.';

-- What is not listed is refused: a key that a provider takes and nobody priced (a tool of the provider's own, a picture, a
-- second answer) would cost what was never reserved. The shapes are those of OpenAI's chat completions.
create function tollhouse_private.part_problem(
  p_value jsonb,
  p_kind text,
  p_place text
)
  returns text
  language plpgsql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  c_keys constant jsonb := jsonb '{
    "request": {
      "prompt": "words", "messages": "messages", "max_tokens": "count", "max_completion_tokens": "count",
      "temperature": "0 to 2", "top_p": "0 to 1", "stop": "stop", "seed": "seed", "presence_penalty": "-2 to 2",
      "frequency_penalty": "-2 to 2", "logit_bias": "biases", "response_format": "format", "reasoning_effort": "word",
      "verbosity": "word", "tools": "tools", "tool_choice": "choice", "parallel_tool_calls": "boolean", "user": "label",
      "safety_identifier": "label", "prompt_cache_key": "label"
    },
    "system message": {"role": "role", "content": "content", "name": "label"},
    "developer message": {"role": "role", "content": "content", "name": "label"},
    "user message": {"role": "role", "content": "content", "name": "label"},
    "assistant message": {"role": "role", "content": "content", "name": "label", "refusal": "text", "tool_calls": "calls"},
    "tool message": {"role": "role", "content": "content", "tool_call_id": "label"},
    "part": {"type": "text only", "text": "text"},
    "call": {"id": "label", "type": "function only", "function": "called function"},
    "called function": {"name": "name", "arguments": "text"},
    "tool": {"type": "function only", "function": "function"},
    "function": {"name": "name", "description": "text", "parameters": "schema", "strict": "boolean"},
    "chosen tool": {"type": "function only", "function": "chosen function"},
    "chosen function": {"name": "name"},
    "format": {"type": "format type", "json_schema": "answer"},
    "answer": {"name": "name", "description": "text", "schema": "schema", "strict": "boolean"}
  }';
  c_required constant jsonb := jsonb '{
    "system message": ["content"], "developer message": ["content"], "user message": ["content"],
    "tool message": ["content", "tool_call_id"], "part": ["type", "text"], "call": ["id", "type", "function"],
    "called function": ["name", "arguments"], "tool": ["type", "function"], "function": ["name"],
    "chosen tool": ["type", "function"], "chosen function": ["name"], "format": ["type"], "answer": ["name"]
  }';
  c_lists constant jsonb := jsonb '{"messages": "message", "parts": "part", "calls": "call", "tools": "tool"}';
  c_allowed constant jsonb := jsonb '{
    "words": "a text with something in it", "text": "a text", "label": "a text of 1 to 256 characters",
    "word": "a word of 1 to 32 small letters", "name": "a name of 1 to 64 of A-Z a-z 0-9 _ -",
    "role": "one of system, developer, user, assistant, tool", "text only": "text", "function only": "function",
    "format type": "one of text, json_object, json_schema", "choice": "one of none, auto, required, and names no function",
    "content": "a text or an array of parts", "stop": "a text or an array of 1 to 4 texts", "boolean": "true or false",
    "count": "a whole number from 1 to 999999999", "seed": "a whole number of 64 bits", "0 to 1": "a number from 0 to 1",
    "0 to 2": "a number from 0 to 2", "-2 to 2": "a number from -2 to 2", "schema": "an object",
    "biases": "an object of token ids, each with a number from -100 to 100"
  }';
  v_type constant text := jsonb_typeof(p_value);
  v_kind constant text := case
    when p_kind = 'message' then (p_value ->> 'role') || ' message'
    when p_kind = 'content' and v_type = 'array' then 'parts'
    when p_kind = 'choice' and v_type = 'object' then 'chosen tool'
    else p_kind
  end;
  v_keys constant jsonb := c_keys -> v_kind;
  v_key text;
  v_part jsonb;
  v_problem text;
begin
  if v_keys is not null then
    if v_type <> 'object' then
      return p_place || ' is not an object';
    end if;
    for v_key, v_part in
      select e.key, e.value
      from jsonb_each(p_value) as e
      where e.value <> 'null' and tollhouse_private.value_fits(e.value, v_keys ->> e.key) is not true
    loop
      v_problem := case
        when v_keys ? v_key then tollhouse_private.part_problem(v_part, v_keys ->> v_key, concat_ws('.', p_place, v_key))
        else format('%s is not supported; allowed here: %s', concat_ws('.', p_place, quote_ident(left(v_key, 60))),
          array_to_string(array(select jsonb_object_keys(v_keys)), ', '))
      end;
      if v_problem is not null then
        return v_problem;
      end if;
    end loop;
    if c_required ? v_kind then
      select p_place || '.' || r.key || ' is missing' into v_problem
      from jsonb_array_elements_text(c_required -> v_kind) as r (key)
      where p_value ->> r.key is null
      limit 1;
    elsif v_kind = 'assistant message' and p_value ->> 'content' is null and p_value ->> 'tool_calls' is null then
      v_problem := p_place || '.content is missing';
    end if;
    if v_kind = 'format' and (p_value ->> 'type' = 'json_schema') <> (p_value ->> 'json_schema' is not null) then
      v_problem := p_place || '.json_schema goes with type json_schema, and with no other';
    end if;
    return v_problem;
  end if;

  if c_lists ? v_kind then
    if v_type <> 'array' or p_value = '[]' then
      return p_place || ' is not an array, or empty';
    end if;
    for v_key, v_part in
      select e.position - 1, e.value
      from jsonb_array_elements(p_value) with ordinality as e (value, position)
      where tollhouse_private.value_fits(e.value, c_lists ->> v_kind) is not true
    loop
      v_problem := tollhouse_private.part_problem(v_part, c_lists ->> v_kind, format('%s[%s]', p_place, v_key));
      if v_problem is not null then
        return v_problem;
      end if;
    end loop;
    return null;
  end if;

  return case
    when p_kind = 'message' and v_type <> 'object' then p_place || ' is not an object'
    when p_kind = 'message' then format('%s.role is not %s', p_place, c_allowed ->> 'role')
    when tollhouse_private.value_fits(p_value, v_kind) is not true then format('%s is not %s', p_place, c_allowed ->> v_kind)
  end;
end
$$;
comment on function tollhouse_private.part_problem(jsonb, text, text) is
  'What is wrong with a part of a request, in words that begin with its place, or null.';

create function tollhouse_private.request_problem(
  p_request jsonb
)
  returns text
  language plpgsql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if p_request is null or jsonb_typeof(p_request) <> 'object' then
    return 'it is not a JSON object';
  end if;
  if tollhouse_private.json_problem(p_request) is not null then
    return tollhouse_private.json_problem(p_request);
  end if;
  if (p_request ->> 'prompt' is null) = (p_request ->> 'messages' is null) then
    return case when p_request ->> 'prompt' is null then 'it has neither a prompt nor messages' else 'it has both a prompt and messages' end;
  end if;
  return tollhouse_private.part_problem(p_request, 'request', null);
end
$$;
comment on function tollhouse_private.request_problem(jsonb) is
  'What is wrong with a request, in words, or null. A request is {"prompt": text} or {"messages": […]} with parameters of the OpenAI chat-completions API; a null is as good as an absent key.';

-- What nearly all requests are, in one inlined expression: a prompt or messages of plain text, and what bounds the answer.
create function tollhouse_private.sound_request(
  p_request jsonb
)
  returns boolean
  language sql
  immutable
as $$
  select case when pg_catalog.jsonb_typeof(p_request) = 'object' then
    p_request - array['prompt', 'messages', 'max_tokens', 'max_completion_tokens', 'temperature', 'top_p'] = '{}'
    and case
      when p_request -> 'messages' is null then pg_catalog.jsonb_typeof(p_request -> 'prompt') = 'string' and tollhouse_private.has_visible(p_request ->> 'prompt')
      when p_request -> 'prompt' is null and pg_catalog.jsonb_typeof(p_request -> 'messages') = 'array' then
        p_request -> 'messages' <> '[]'
        and pg_catalog.jsonb_array_length(p_request -> 'messages') = pg_catalog.jsonb_array_length(pg_catalog.jsonb_path_query_array(
          p_request,
          'strict $.messages[*] ? (
            (@.role == "user" || @.role == "assistant" || @.role == "system" || @.role == "developer")
            && @.content.type() == "string" && !exists(@.keyvalue() ? (@.key != "role" && @.key != "content"))
          )',
          '{}', true
        ))
    end
    and case when p_request ? 'max_tokens' then tollhouse_private.value_fits(p_request -> 'max_tokens', 'count') else true end
    and case when p_request ? 'max_completion_tokens' then tollhouse_private.value_fits(p_request -> 'max_completion_tokens', 'count') else true end
    and case when p_request ? 'temperature' then tollhouse_private.value_fits(p_request -> 'temperature', '0 to 2') else true end
    and case when p_request ? 'top_p' then tollhouse_private.value_fits(p_request -> 'top_p', '0 to 1') else true end
  end
$$;
comment on function tollhouse_private.sound_request(jsonb) is
  'True only of what request_problem finds nothing wrong with; false or null: ask it.';

revoke execute on function tollhouse_private.json_problem(jsonb) from public;
revoke execute on function tollhouse_private.sound_request(jsonb) from public;
revoke execute on function tollhouse_private.value_fits(jsonb, text) from public;
revoke execute on function tollhouse_private.part_problem(jsonb, text, text) from public;
revoke execute on function tollhouse_private.request_problem(jsonb) from public;

commit;
