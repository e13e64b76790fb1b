begin;
select plan(5);

select is(tollhouse_private.question_of('{"prompt": "why?"}'), 'why?', 'a prompt is the question');
select is(tollhouse_private.question_of('{"messages": [{"role": "user", "content": "first"}, {"role": "assistant", "content": "answer"}, {"role": "user", "content": "second"}]}'),
  'second', 'of several messages it is the user''s last');
select is(tollhouse_private.question_of('{"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]}'), e'a\nb', 'its parts are put together');
select is(tollhouse_private.question_of('{"messages": [{"role": "system", "content": "x"}]}'), '', 'where no user speaks there is none');
select is(tollhouse_private.question_of(null), null, 'of a request that may not be kept nothing is');

select * from finish();
rollback;
