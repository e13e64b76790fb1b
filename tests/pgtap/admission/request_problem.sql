begin;
select plan(105);

create function pg_temp.problem(p_request text)
  returns text
  language sql
as $$
  select tollhouse_private.request_problem(p_request::jsonb)
$$;

-- Taken.
select is(pg_temp.problem($${"prompt": "why?"}$$), null, 'a prompt is a request');
select is(pg_temp.problem($${"messages": [{"role": "user", "content": "why?"}]}$$), null, 'messages are a request');
select is(pg_temp.problem($${"messages": [{"role": "system", "content": ""}, {"role": "developer", "content": "x"}, {"role": "tool", "content": "y", "tool_call_id": "1"}]}$$), null, 'every role of the format is taken');
select is(pg_temp.problem($${"messages": [{"role": "user", "name": "ann", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]}$$), null, 'content may come in parts of text');
select is(pg_temp.problem($${"messages": [{"role": "assistant", "content": null, "refusal": null, "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}]}$$), null, 'an assistant that called tools needs no content');
select is(pg_temp.problem($${"messages": [{"role": "assistant", "content": "no", "refusal": "I must not.", "tool_calls": null}]}$$), null, 'and one that called none has some');
select is(pg_temp.problem($${"prompt": "x", "max_tokens": 1, "max_completion_tokens": 999999999, "temperature": 0.1, "top_p": 1, "stop": "x", "seed": -1, "presence_penalty": -2, "frequency_penalty": 2, "logit_bias": {"50256": -100}, "response_format": {"type": "text"}, "reasoning_effort": "low", "verbosity": "low", "tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": "auto", "parallel_tool_calls": true, "user": "x", "safety_identifier": "x", "prompt_cache_key": "x"}$$), null, 'the parameters that neither change the price unseen nor the shape of the answer are taken');
select is(pg_temp.problem($${"prompt": "x", "max_tokens": null, "temperature": null, "stop": null, "tools": null, "messages": null, "n": null}$$), null, 'a null is as good as an absent parameter');
select is(pg_temp.problem($${"prompt": "x", "stop": ["a", "b", "c", "d"], "tool_choice": {"type": "function", "function": {"name": "f"}}}$$), null, 'a parameter is taken in each of its forms');
select is(pg_temp.problem($${"prompt": "x", "tools": [{"type": "function", "function": {"name": "f", "description": "d", "strict": null, "parameters": {"type": "object", "properties": {"image_url": {"enum": [null, 1]}}}}}]}$$), null, 'a functions parameters are any JSON schema');
select is(pg_temp.problem($${"prompt": "x", "response_format": {"type": "json_object"}}$$), null, 'an answer may be asked for as JSON');
select is(pg_temp.problem($${"prompt": "x", "response_format": {"type": "json_schema", "json_schema": {"name": "a", "description": "d", "strict": true, "schema": {"$defs": {}}}}}$$), null, 'or by a schema');

-- Refused.
select is(tollhouse_private.request_problem(null), 'it is not a JSON object', 'nothing is no request');
select is(pg_temp.problem($$null$$), $$it is not a JSON object$$, 'null is no request');
select is(pg_temp.problem($$[]$$), $$it is not a JSON object$$, 'nor is an array');
select is(pg_temp.problem($$"why?"$$), $$it is not a JSON object$$, 'nor a text');
select is(pg_temp.problem($${}$$), $$it has neither a prompt nor messages$$, 'an empty object asks nothing');
select is(pg_temp.problem($${"temperature": 1}$$), $$it has neither a prompt nor messages$$, 'parameters alone ask nothing');
select is(pg_temp.problem($${"prompt": null}$$), $$it has neither a prompt nor messages$$, 'nor does null');
select is(pg_temp.problem($${"prompt": "x", "messages": []}$$), $$it has both a prompt and messages$$, 'two questions are one too many');
select is(pg_temp.problem($${"prompt": ""}$$), $$prompt is not a text with something in it$$, 'an empty prompt is refused');
select is(pg_temp.problem($${"prompt": "\n\t \r\n"}$$), $$prompt is not a text with something in it$$, 'whatever the blanks are');
select is(pg_temp.problem($${"prompt": 5}$$), $$prompt is not a text with something in it$$, 'a number is no prompt');
select is(pg_temp.problem($${"messages": []}$$), $$messages is not an array, or empty$$, 'no messages are refused');
select is(pg_temp.problem($${"messages": {}}$$), $$messages is not an array, or empty$$, 'an object is no list of messages');
select is(pg_temp.problem($${"messages": "x"}$$), $$messages is not an array, or empty$$, 'nor a text');
select is(pg_temp.problem($${"messages": [{"role": "user", "content": "x"}, "y"]}$$), $$messages[1] is not an object$$, 'a message is an object, and the refusal says which is not');
select is(pg_temp.problem($${"messages": [["role", "content"]]}$$), $$messages[0] is not an object$$, 'an array is none');
select is(pg_temp.problem($${"messages": [{"content": "x"}]}$$), $$messages[0].role is not one of system, developer, user, assistant, tool$$, 'a message has a role');
select is(pg_temp.problem($${"messages": [{"role": "function", "content": "x", "name": "f"}]}$$), $$messages[0].role is not one of system, developer, user, assistant, tool$$, 'and not any role');
select is(pg_temp.problem($${"messages": [{"role": 5, "content": "x"}]}$$), $$messages[0].role is not one of system, developer, user, assistant, tool$$, 'nor a number');
select is(pg_temp.problem($${"messages": [{"role": "user"}]}$$), $$messages[0].content is missing$$, 'a users message has content');
select is(pg_temp.problem($${"messages": [{"role": "user", "content": null}]}$$), $$messages[0].content is missing$$, 'null is none');
select is(pg_temp.problem($${"messages": [{"role": "assistant"}]}$$), $$messages[0].content is missing$$, 'an assistants too, unless it called tools');
select is(pg_temp.problem($${"messages": [{"role": "assistant", "tool_calls": []}]}$$), $$messages[0].tool_calls is not an array, or empty$$, 'and some of them');
select is(pg_temp.problem($${"messages": [{"role": "tool", "content": "x"}]}$$), $$messages[0].tool_call_id is missing$$, 'a tool says which call it answers');
select is(pg_temp.problem($${"messages": [{"role": "user", "content": 5}]}$$), $$messages[0].content is not a text or an array of parts$$, 'a number is no content');
select is(pg_temp.problem($${"messages": [{"role": "user", "content": {"text": "x"}}]}$$), $$messages[0].content is not a text or an array of parts$$, 'nor an object');
select is(pg_temp.problem($${"messages": [{"role": "user", "content": []}]}$$), $$messages[0].content is not an array, or empty$$, 'no parts are no content');
select is(pg_temp.problem($${"messages": [{"role": "user", "content": ["x"]}]}$$), $$messages[0].content[0] is not an object$$, 'a part is an object');
select is(pg_temp.problem($${"messages": [{"role": "user", "content": [{"type": "text"}]}]}$$), $$messages[0].content[0].text is missing$$, 'with a text in it');
select is(pg_temp.problem($${"messages": [{"role": "user", "content": [{"text": "x"}]}]}$$), $$messages[0].content[0].type is missing$$, 'and a type');
select is(pg_temp.problem($${"prompt": "x", "temperature": 2.1}$$), $$temperature is not a number from 0 to 2$$, 'numbers keep within their bounds');
select is(pg_temp.problem($${"prompt": "x", "temperature": "hot"}$$), $$temperature is not a number from 0 to 2$$, 'and are numbers');
select is(pg_temp.problem($${"prompt": "x", "top_p": []}$$), $$top_p is not a number from 0 to 1$$, 'not arrays');
select is(pg_temp.problem($${"prompt": "x", "presence_penalty": -2.5}$$), $$presence_penalty is not a number from -2 to 2$$, 'on both sides');
select is(pg_temp.problem($${"prompt": "x", "seed": 1.5}$$), $$seed is not a whole number of 64 bits$$, 'a seed is whole');
select is(pg_temp.problem($${"prompt": "x", "seed": 9223372036854775808}$$), $$seed is not a whole number of 64 bits$$, 'and fits 64 bits');
select is(pg_temp.problem($${"prompt": "x", "stop": ["a", "b", "c", "d", "e"]}$$), $$stop is not a text or an array of 1 to 4 texts$$, 'five ends are one too many');
select is(pg_temp.problem($${"prompt": "x", "stop": ["a", 5]}$$), $$stop is not a text or an array of 1 to 4 texts$$, 'a number is no end');
select is(pg_temp.problem($${"prompt": "x", "logit_bias": {"a": 1}}$$), $$logit_bias is not an object of token ids, each with a number from -100 to 100$$, 'a bias is of a token');
select is(pg_temp.problem($${"prompt": "x", "logit_bias": {"1": "1"}}$$), $$logit_bias is not an object of token ids, each with a number from -100 to 100$$, 'and a number');
select is(pg_temp.problem($${"prompt": "x", "logit_bias": {"1": -101}}$$), $$logit_bias is not an object of token ids, each with a number from -100 to 100$$, 'within bounds');
select is(pg_temp.problem($${"prompt": "x", "parallel_tool_calls": "yes"}$$), $$parallel_tool_calls is not true or false$$, 'a switch is on or off');
select is(pg_temp.problem($${"prompt": "x", "reasoning_effort": {"effort": "high"}}$$), $$reasoning_effort is not a word of 1 to 32 small letters$$, 'a word is no object');
select is(pg_temp.problem($${"prompt": "x", "user": ""}$$), $$user is not a text of 1 to 256 characters$$, 'a label is not empty');
select is(pg_temp.problem($${"prompt": "x", "response_format": {}}$$), $$response_format.type is missing$$, 'a format has a type');
select is(pg_temp.problem($${"prompt": "x", "response_format": {"type": "grammar"}}$$), $$response_format.type is not one of text, json_object, json_schema$$, 'and a known one');
select is(pg_temp.problem($${"prompt": "x", "response_format": {"type": "json_schema"}}$$), $$response_format.json_schema goes with type json_schema, and with no other$$, 'a schema is there when it is asked for');
select is(pg_temp.problem($${"prompt": "x", "max_tokens": 0}$$), $$max_tokens is not a whole number from 1 to 999999999$$, 'no tokens are refused');
select is(pg_temp.problem($${"prompt": "x", "max_completion_tokens": 1.5}$$), $$max_completion_tokens is not a whole number from 1 to 999999999$$, 'so are halves');
select is(pg_temp.problem($${"prompt": "x", "max_tokens": 1.0}$$), $$max_tokens is not a whole number from 1 to 999999999$$, 'and what is not written as a whole number');
select is(pg_temp.problem($${"prompt": "x", "max_tokens": "100"}$$), $$max_tokens is not a whole number from 1 to 999999999$$, 'and numbers in quotes, which a provider would refuse');
select is(pg_temp.problem($${"prompt": "x", "max_tokens": 99999999999}$$), $$max_tokens is not a whole number from 1 to 999999999$$, 'and what no integer holds');

-- What nobody priced.
select is(split_part(pg_temp.problem($${"prompt": "x", "n": 5}$$), ':', 1), $$n is not supported; allowed here$$, 'n would multiply the price unseen');
select is(split_part(pg_temp.problem($${"prompt": "x", "stream": true}$$), ':', 1), $$stream is not supported; allowed here$$, 'stream would change the shape of the answer');
select is(split_part(pg_temp.problem($${"prompt": "x", "model": "large"}$$), ':', 1), $$model is not supported; allowed here$$, 'the model is chosen by routing, not by the body');
select is(split_part(pg_temp.problem($${"prompt": "x", "Drop Table": 1}$$), ':', 1), $$"Drop Table" is not supported; allowed here$$, 'an odd name is quoted in the refusal');
select is(split_part(pg_temp.problem($${"prompt": "x", "web_search_options": {}}$$), ':', 1), $$web_search_options is not supported; allowed here$$, 'searches have a price of their own');
select is(pg_temp.problem($${"prompt": "x", "tools": {}}$$), $$tools is not an array, or empty$$, 'tools are a list');
select is(pg_temp.problem($${"prompt": "x", "tools": [{"type": "browser_search"}]}$$), $$tools[0].type is not function$$, 'a providers own tools have prices of their own');
select is(pg_temp.problem($${"prompt": "x", "tools": [{"type": "function", "function": {"name": "f"}}, {"type": "code_interpreter", "container": {"type": "auto"}}]}$$), $$tools[1].type is not function$$, 'wherever they stand');
select is(pg_temp.problem($${"prompt": "x", "tools": [{"google_search": {}}]}$$), $$tools[0].google_search is not supported; allowed here: type, function$$, 'and whatever their form');
select is(pg_temp.problem($${"prompt": "x", "tools": [{"type": "function", "function": {"name": "f", "cache_control": {"type": "ephemeral"}}}]}$$), $$tools[0].function.cache_control is not supported; allowed here: name, strict, parameters, description$$, 'a write to a cache has a price, too');
select is(pg_temp.problem($${"prompt": "x", "tools": [{"type": "function", "function": {"name": "a b"}}]}$$), $$tools[0].function.name is not a name of 1 to 64 of A-Z a-z 0-9 _ -$$, 'a function has a name');
select is(pg_temp.problem($${"prompt": "x", "tools": [{"type": "function", "function": {"name": "f", "parameters": []}}]}$$), $$tools[0].function.parameters is not an object$$, 'and parameters that are a schema');
select is(pg_temp.problem($${"prompt": "x", "tool_choice": "web_search"}$$), $$tool_choice is not one of none, auto, required, and names no function$$, 'a tool that is chosen is a function');
select is(pg_temp.problem($${"prompt": "x", "tool_choice": {"type": "web_search_preview"}}$$), $$tool_choice.type is not function$$, 'in every form');
select is(pg_temp.problem($${"prompt": "x", "tool_choice": {"type": "function", "function": {"name": "f", "x": 1}}}$$), $$tool_choice.function.x is not supported; allowed here: name$$, 'and is only named');
select is(pg_temp.problem($${"prompt": "x", "response_format": {"type": "text", "schema": {}}}$$), $$response_format.schema is not supported; allowed here: type, json_schema$$, 'a format has no other keys');
select is(pg_temp.problem($${"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}, {"type": "image_url", "image_url": {"url": "x"}}]}]}$$), $$messages[0].content[1].type is not text$$, 'a pictures price is not known from its bytes');
select is(pg_temp.problem($${"messages": [{"role": "user", "content": [{"type": "text", "text": "x", "image_url": {"url": "x"}}]}]}$$), $$messages[0].content[0].image_url is not supported; allowed here: text, type$$, 'nor beside a text');
select is(pg_temp.problem($${"messages": [{"role": "user", "content": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}]}]}$$), $$messages[0].content[0].cache_control is not supported; allowed here: text, type$$, 'a part has no other keys');
select is(pg_temp.problem($${"messages": [{"role": "user", "content": "x", "images": ["aGk="]}]}$$), $$messages[0].images is not supported; allowed here: name, role, content$$, 'nor has a message');
select is(pg_temp.problem($${"messages": [{"role": "assistant", "content": "x", "audio": {"id": "a"}}]}$$), $$messages[0].audio is not supported; allowed here: name, role, content, refusal, tool_calls$$, 'a sound that was answered once is no text');
select is(pg_temp.problem($${"messages": [{"role": "user", "content": "x", "tool_calls": []}]}$$), $$messages[0].tool_calls is not supported; allowed here: name, role, content$$, 'nor one of another role');
select is(pg_temp.problem($${"messages": [{"role": "assistant", "tool_calls": [{"id": "c1", "type": "custom", "custom": {}}]}]}$$), $$messages[0].tool_calls[0].type is not function$$, 'calls are of functions');
select is(pg_temp.problem($${"messages": [{"role": "assistant", "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": {}}}]}]}$$), $$messages[0].tool_calls[0].function.arguments is not a text$$, 'with arguments as the model wrote them');

select set_eq(
  $$ select k from regexp_split_to_table(split_part(pg_temp.problem('{"prompt": "x", "n": 1}'), 'here: ', 2), ', ') as k $$,
  array['prompt', 'messages', 'max_tokens', 'max_completion_tokens', 'temperature', 'top_p', 'stop', 'seed', 'presence_penalty',
    'frequency_penalty', 'logit_bias', 'response_format', 'reasoning_effort', 'verbosity', 'tools', 'tool_choice',
    'parallel_tool_calls', 'user', 'safety_identifier', 'prompt_cache_key'],
  'a refusal says what a request may hold'
);

-- What no JSON value of a client may hold.
create function pg_temp.nested(p_levels integer)
  returns jsonb
  language sql
as $$
  select (repeat('[', p_levels) || '1' || repeat(']', p_levels))::jsonb
$$;
create function pg_temp.refused(p_call text)
  returns text
  language plpgsql
as $$
declare
  v_detail text;
begin
  execute 'select tollhouse.enqueue(''explanation'', ' || p_call || ')';
  return 'nothing';
exception
  when others then
    get stacked diagnostics v_detail = pg_exception_detail;
    return sqlstate || ': ' || v_detail;
end
$$;

select is(tollhouse_private.json_problem(null), null, 'null is no problem');
select is(tollhouse_private.json_problem('{"a": [1, "x", null, {"b": -2.5e-300}]}'), null, 'nor is what JSON usually holds');
select is(tollhouse_private.json_problem(pg_temp.nested(64)), null, '64 levels are taken');
select is(tollhouse_private.json_problem(pg_temp.nested(65)), 'it is nested deeper than 64 levels', 'one more is not');
select is(tollhouse_private.json_problem(jsonb_build_object('a', 1, 'b', pg_temp.nested(1500))), 'it is nested deeper than 64 levels', 'wherever they are');
select is(tollhouse_private.json_problem('[9999999999999999999999999999999999999999]'), null, 'a number of 40 digits is taken');
select is(tollhouse_private.json_problem('[10000000000000000000000000000000000000000]'), 'a number in it has more than 40 digits', 'one more is not');
select is(tollhouse_private.json_problem('-1e5000'), 'a number in it has more than 40 digits', 'however it is written, on either side of zero');
select is(tollhouse_private.json_problem(jsonb_build_object('a', repeat('9', 5000), repeat('9', 5000), 1)), null, 'a text may have as many as it likes');

-- At the gate. What a driver can't read must not come out of a claim.
do $$
begin
  perform tollhouse_ops.set_provider('mock', 'test');
  perform tollhouse_ops.set_model('small', 'mock', 'mock-small', 'test');
  perform tollhouse_ops.set_task_type('explanation', 'test', array['small']);
end
$$;
select tollhouse.set_identity('acme', 'ann');
select is(pg_temp.refused($$jsonb_build_object('prompt', 'x', 'tools', pg_temp.nested(1500))$$), 'TH102: it is nested deeper than 64 levels', 'a request nested without end is an invalid request');
select is(pg_temp.refused($$jsonb_build_object('prompt', 'x', 'seed', 1e5000)$$), 'TH102: a number in it has more than 40 digits', 'so is one with a number without end');
select is(pg_temp.refused($$jsonb_build_object('messages', pg_temp.nested(1500))$$), 'TH102: it is nested deeper than 64 levels', 'whatever else is wrong with it');
select is(pg_temp.refused($$'{"prompt": "x"}', p_metadata => jsonb_build_object('a', pg_temp.nested(1500))$$), 'TH109: it is nested deeper than 64 levels', 'metadata too');
select is(pg_temp.refused($$'{"prompt": "x"}', p_metadata => '{"a": 1e5000}'$$), 'TH109: a number in it has more than 40 digits', 'in both ways');
select throws_ok(
  $$select tollhouse.enqueue_many(jsonb_build_array(jsonb_build_object('endpoint', 'explanation', 'request', jsonb_build_object('prompt', 'x', 'tools', pg_temp.nested(1500)))))$$,
  'TH102', null, 'nor does it come in with many others'
);
select is(
  pg_temp.refused($$jsonb_build_object('prompt', 'x', 'tools', jsonb_build_array(jsonb_build_object(
    'type', 'function', 'function', jsonb_build_object('name', 'f', 'parameters', jsonb_build_object('a', pg_temp.nested(59), 'b', 1e39))
  )))$$),
  'nothing', 'what is within the bounds is taken'
);

select * from finish();
rollback;
