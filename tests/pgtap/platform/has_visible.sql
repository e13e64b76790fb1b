begin;
select plan(7);

select is_empty(
  $$ select t from unnest(array['a', 'é', '字', '.', '0', e'\u200ba', ' x ', '😀', '🏳️‍🌈', e'a\u0301', '[]']) as t where not tollhouse_private.has_visible(t) $$,
  'a letter of any script, a digit, a sign, a picture is visible, whatever surrounds it'
);
select is_empty(
  $$ select ascii(t) from unnest(array[
      '', ' ', e'\t\r\n', e'\u0001', e'\u00a0', e'\u00ad', e'\u034f', e'\u200b\u200c\u200d', e'\u200e\u202e', e'\u2060\u2064', e'\u2800',
      e'\u3000', e'\u3164', e'\ufe0f', e'\ufeff', e'\uffa0', e'\U000e0041'
    ]) as t where tollhouse_private.has_visible(t) $$,
  'blanks, controls, joiners, marks of direction, fillers and tags are not'
);
select is(tollhouse_private.has_visible(null), null, 'of null it says nothing');
select is(tollhouse_private.has_visible(repeat(e'\u200b', 100000)), false, 'however many there are');

-- Where it is asked.
do $$
begin
  perform tollhouse_ops.set_provider('mock', 'test'), tollhouse_ops.set_model('small', 'mock', 'm', 'test');
  perform tollhouse_ops.set_task_type('route', 'test', array['small']);
end
$$;
select throws_ok($$select tollhouse_ops.stop_everything(e'\u200b\u2060 ')$$, 'TH301', 'reason missing', 'a reason that nobody can read is none');
select throws_ok($$select tollhouse_ops.set_model('small', 'mock', e'\u200b', 'test')$$, 'TH303', 'bad value', 'nor is such a name of a model');
select tollhouse.set_identity('acme', 'ann');
select throws_ok($$select tollhouse.enqueue('route', '{"prompt": "x"}', p_watermark => e'\u200b')$$, 'TH108', 'bad watermark', 'nor such a watermark, which looks like none');

select * from finish();
rollback;
