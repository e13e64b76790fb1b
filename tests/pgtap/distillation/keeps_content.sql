begin;
select plan(6);

do $$
begin
  perform tollhouse_ops.set_task_type('route', 'test'), tollhouse_ops.set_task_type('secret', 'test', p_capture => 'metadata');
  perform tollhouse_ops.set_capture_policy('quiet', 'none', 'test'), tollhouse_ops.set_capture_policy('loud', 'full', 'test');
end
$$;
select is(tollhouse_private.keeps_content('acme', 'route'), true, 'what neither tenant nor endpoint restricts is kept');
select is(tollhouse_private.keeps_content('loud', 'route'), true, 'and what the tenant allows');
select is(tollhouse_private.keeps_content('loud', 'secret'), false, 'the endpoint may be stricter');
select is(tollhouse_private.keeps_content('quiet', 'route'), false, 'and so may the tenant');
select is(tollhouse_private.keeps_content('acme', 'gone'), false, 'of an endpoint that is gone nothing is kept');
select is(tollhouse_private.keeps_content(null, null), false, 'nor of nobody');

select * from finish();
rollback;
