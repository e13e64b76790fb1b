begin;
select plan(45);

create function pg_temp.problem(p_request text)
  returns text
  language sql
as $$
  select tollhouse_private.request_problem(p_request::jsonb)
$$;

-- Taken.
select is(pg_temp.problem('{"prompt": "why?"}'), null, 'a prompt is a request');
select is(pg_temp.problem('{"messages": [{"role": "user", "content": "why?"}]}'), null, 'messages are a request');
select is(pg_temp.problem('{"messages": [{"role": "system", "content": ""}, {"role": "developer", "content": "x"}, {"role": "tool", "content": "y", "tool_call_id": "1"}]}'), null, 'every role of the format is taken');
select is(pg_temp.problem('{"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]}'), null, 'content may come in parts of text');
select is(pg_temp.problem('{"messages": [{"role": "assistant", "tool_calls": []}]}'), null, 'an assistant that called tools needs no content');
select is(pg_temp.problem('{"messages": [{"role": "assistant", "content": null, "tool_calls": [{}]}]}'), null, 'nor is a null one held against it');
select is(pg_temp.problem('{"prompt": "x", "max_tokens": 1, "max_completion_tokens": 999999999, "temperature": 0.1, "top_p": 1, "stop": "x", "seed": 1, "presence_penalty": 0, "frequency_penalty": 0, "logit_bias": {}, "response_format": {}, "reasoning_effort": "low", "verbosity": "low", "tools": [], "tool_choice": "auto", "parallel_tool_calls": true, "user": "x", "safety_identifier": "x", "prompt_cache_key": "x"}'),
  null, 'the parameters that neither change the price unseen nor the shape of the answer are taken');

-- Refused.
select is(tollhouse_private.request_problem(null), 'it is not a JSON object', 'null is no request');
select is(pg_temp.problem('null'), 'it is not a JSON object', 'nor is JSON''s null');
select is(pg_temp.problem('[]'), 'it is not a JSON object', 'nor an array');
select is(pg_temp.problem('"why?"'), 'it is not a JSON object', 'nor a text');
select is(pg_temp.problem('{}'), 'it has neither a prompt nor messages', 'an empty object asks nothing');
select is(pg_temp.problem('{"temperature": 1}'), 'it has neither a prompt nor messages', 'parameters alone ask nothing');
select is(pg_temp.problem('{"prompt": "x", "messages": []}'), 'it has both a prompt and messages', 'two questions are one too many');
select is(pg_temp.problem('{"prompt": ""}'), 'prompt is not a text, or empty', 'an empty prompt is refused');
select is(pg_temp.problem('{"prompt": "  "}'), 'prompt is not a text, or empty', 'a blank one too');
select is(pg_temp.problem('{"prompt": "\n\t \r\n"}'), 'prompt is not a text, or empty', 'whatever the blanks are');
select is(pg_temp.problem('{"prompt": 5}'), 'prompt is not a text, or empty', 'a number is no prompt');
select is(pg_temp.problem('{"prompt": null}'), 'prompt is not a text, or empty', 'nor is null');
select is(pg_temp.problem('{"messages": []}'), 'messages is not an array, or empty', 'no messages are refused');
select is(pg_temp.problem('{"messages": {}}'), 'messages is not an array, or empty', 'an object is no list of messages');
select is(pg_temp.problem('{"messages": "x"}'), 'messages is not an array, or empty', 'nor a text');
select is(pg_temp.problem('{"messages": null}'), 'messages is not an array, or empty', 'nor null');
select is(pg_temp.problem('{"messages": [{"role": "user", "content": "x"}, "y"]}'), 'messages[1] is not an object', 'a message is an object, and the refusal says which is not');
select is(pg_temp.problem('{"messages": [{"content": "x"}]}'), 'messages[0] has no role of system, developer, user, assistant, tool', 'a message has a role');
select is(pg_temp.problem('{"messages": [{"role": "root", "content": "x"}]}'), 'messages[0] has no role of system, developer, user, assistant, tool', 'and not any role');
select is(pg_temp.problem('{"messages": [{"role": "user"}]}'), 'messages[0] has no content', 'a user''s message has content');
select is(pg_temp.problem('{"messages": [{"role": "user", "content": null}]}'), 'messages[0] has no content', 'null is none');
select is(pg_temp.problem('{"messages": [{"role": "assistant"}]}'), 'messages[0] has no content', 'an assistant''s too, unless it called tools');
select is(pg_temp.problem('{"messages": [{"role": "assistant", "tool_calls": {}}]}'), 'messages[0] has no content', 'and tool calls are a list');
select is(pg_temp.problem('{"messages": [{"role": "user", "content": 5}]}'), 'messages[0] has a content that is neither a text nor an array of parts', 'a number is no content');
select is(pg_temp.problem('{"messages": [{"role": "user", "content": {"text": "x"}}]}'), 'messages[0] has a content that is neither a text nor an array of parts', 'nor an object');
select is(pg_temp.problem('{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}'), 'messages[0] has a content part that is not text', 'a picture''s price is not known from its bytes');
select is(pg_temp.problem('{"messages": [{"role": "user", "content": ["x"]}]}'), 'messages[0] has a content part that is not text', 'a part is an object');
select is(pg_temp.problem('{"messages": [{"role": "user", "content": [{"type": "text", "text": null}]}]}'), 'messages[0] has a content part that is not text', 'with a text in it');
select matches(pg_temp.problem('{"prompt": "x", "n": 5}'), '^parameter n is not supported; these are: prompt, messages, ', 'n would multiply the price unseen');
select matches(pg_temp.problem('{"prompt": "x", "stream": true}'), '^parameter stream is not supported; these are: prompt, messages, ', 'stream would change the shape of the answer');
select matches(pg_temp.problem('{"prompt": "x", "model": "large"}'), '^parameter model is not supported; these are: prompt, messages, ', 'the model is chosen by routing, not by the body');
select matches(pg_temp.problem('{"prompt": "x", "Drop Table": 1}'), '^parameter "Drop Table" is not supported; these are: prompt, messages, ', 'an odd name is quoted in the refusal');
select is(pg_temp.problem('{"prompt": "x", "max_tokens": 0}'), 'max_tokens is not a positive whole number', 'no tokens are refused');
select is(pg_temp.problem('{"prompt": "x", "max_tokens": -1}'), 'max_tokens is not a positive whole number', 'so are fewer');
select is(pg_temp.problem('{"prompt": "x", "max_completion_tokens": 1.5}'), 'max_completion_tokens is not a positive whole number', 'and halves');
select is(pg_temp.problem('{"prompt": "x", "max_tokens": "100"}'), 'max_tokens is not a positive whole number', 'and numbers in quotes, which a provider would refuse');
select is(pg_temp.problem('{"prompt": "x", "max_tokens": null}'), 'max_tokens is not a positive whole number', 'and null');
select is(pg_temp.problem('{"prompt": "x", "max_tokens": 99999999999}'), 'max_tokens is not a positive whole number', 'and what no integer holds');

select * from finish();
rollback;
