begin;
select plan(30);

\ir flights.psql

-- One pays, the others wait.
do $$ begin perform pg_temp.asked('ann', 'r1'), pg_temp.asked('ann', 'r2'), pg_temp.asked('bob', 'r3'); end $$;
select results_eq('select pg_temp.claimed()', array['r1'], 'of identical calls in one claim, the oldest goes out');
select is(pg_temp.states(), 'r1 running, r2 coalesced, r3 coalesced', 'the others wait for it, another user''s too where the tenant shares answers');
do $$ begin perform pg_temp.asked('ann', 'r4'); end $$;
select is_empty('select pg_temp.claimed()', 'one that comes while it is in flight does not go out');
select is(pg_temp.states(), 'r1 running, r2 coalesced, r3 coalesced, r4 coalesced', 'but waits as well');
select is(pg_temp.pending(), 1::bigint, 'there is one entry, and it is pending');
set local tollhouse.user_id = 'ann';
set local role tollhouse_client;
select is((select r.status from tollhouse.jobs as j cross join tollhouse.result(j.call_id) as r where j.request_id = 'r2'), 'queued', 'to its caller a waiting call is queued');
select matches((select e.why from tollhouse.explain('route', 'r2') as e), 'already in flight', 'and explain says what it waits for');
reset role;
do $$ begin perform pg_temp.ended('r1', 'success'); end $$;
select is(pg_temp.states(), 'r2 queued, r3 queued, r4 queued', 'the answer puts all that waited back into the queue');
select results_eq('select count(*), count(rc.expires_at) from tollhouse_private.response_cache as rc', 'values (1::bigint, 1::bigint)', 'it is the same entry that is answered');
select is_empty('select pg_temp.claimed()', 'the next claim has nothing to send');
select is(
  pg_temp.outcomes(), 'r1 success 2, r2 success cached 0, r3 success cached 0, r4 success cached 0',
  'for all of them are answered from the cache: one paid'
);
select is((select count(*) from tollhouse_private.provider_attempts), 1::bigint, 'one attempt on the bill');
do $$ begin perform pg_temp.asked('ann', 'r5'); end $$;
select results_eq(
  'select c.request_id, c.was_cached, c.was_coalesced from tollhouse_private.llm_api_calls as c order by c.request_id',
  $$values ('r1', false, false), ('r2', true, true), ('r3', true, true), ('r4', true, true), ('r5', true, false)$$,
  'the ledger tells who waited for the answer from who found it in the cache'
);
set local tollhouse.user_id = 'ann';
select is((select e.why from tollhouse.explain('route', 'r2') as e), 'Answered free of charge with the result of an identical request in flight.', 'and so does explain');
select results_eq($$select e.request_id from tollhouse_ops.explained_calls as e where e.why like '%identical request in flight.' order by 1$$, array['r2', 'r3', 'r4'], 'and what operators read');

-- What is not identical does not wait.
do $$
begin
  perform pg_temp.again();
  perform pg_temp.asked('ann', 'r1'), pg_temp.asked('ann', 'r2', '{"watermark": "v2"}'), pg_temp.asked('ann', 'r3', '{"use_cache": false}'),
    pg_temp.asked('ann', 'r4', '{"model": "small"}'), pg_temp.asked('ann', 'r5', '{"endpoint": "explanation"}'),
    pg_temp.asked('ann', 'r6', '{"endpoint": "investigation"}'), pg_temp.asked('bob', 'r7', '{"endpoint": "investigation"}'),
    pg_temp.asked('ann', 'r8', '{"request": {"prompt": "six times eight?"}}');
end
$$;
select results_eq(
  'select pg_temp.claimed()', array['r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8'],
  'another watermark, model, endpoint, question, another user''s personal answer, or no cache: each goes out'
);

-- A guard after this one turns the leader away, in the very claim that made it the leader.
do $$ begin perform pg_temp.again(); perform pg_temp.asked('ann', 'r1', '{"max_cost_micro_usd": 0}'), pg_temp.asked('ann', 'r2'); end $$;
select is_empty('select pg_temp.claimed()', 'when the leader is refused, the call that waited for it does not go out in the same claim');
select is(pg_temp.states(), 'r2 queued', 'but it is back in the queue, not waiting for nobody');
select results_eq('select pg_temp.claimed()', array['r2'], 'and the next claim sends it');
select is(pg_temp.outcomes(), 'r1 blocked max_cost_exceeded 0', 'the refusal is on record');
select is_empty(
  $$
    select j.request_id from tollhouse_private.jobs as j
    where j.state = 'coalesced' and not exists (
      select from tollhouse_private.response_cache as rc
      where (rc.tenant_id, rc.cache_key) = (j.tenant_id, j.cache_key) and rc.expires_at is null
    )
  $$,
  'nothing ever waits for a flight that is not there'
);

-- The guard by itself.
do $$ begin perform pg_temp.again(); end $$;
create temporary table batch as
select j from generate_series(1, 3) as n cross join lateral pg_temp.work(jsonb_build_object(
  'call_id', format('00000000-0000-7000-8000-00000000000%s', n), 'cache_key', case when n < 3 then '\x01' end)) as j;
select is_empty('select tollhouse_private.guard_coalescing(null, now())', 'no batch, no verdict');
select results_eq(
  $$select g.call_id, g.verdict from tollhouse_private.guard_coalescing(array(select b.j from batch as b), now()) as g$$,
  $$values ('00000000-0000-7000-8000-000000000002'::uuid, 'coalesced')$$,
  'of two with one key the later waits; one without a key is left alone'
);
select results_eq(
  $$select g.call_id, g.verdict from tollhouse_private.guard_coalescing(array(select b.j from batch as b), now()) as g$$,
  $$values ('00000000-0000-7000-8000-000000000002'::uuid, 'coalesced')$$,
  'asked again, it says the same: the leader still leads'
);
update tollhouse_private.response_cache
set provider = 'north', model = 'small', cost_micro_usd = 5, response = '{"content": "x"}', expires_at = now() + interval '1 microsecond';
select results_eq(
  $$select g.call_id, g.verdict from tollhouse_private.guard_coalescing(array(select b.j from batch as b), now()) as g order by 1$$,
  $$values ('00000000-0000-7000-8000-000000000001'::uuid, 'cached'), ('00000000-0000-7000-8000-000000000002'::uuid, 'cached')$$,
  'a leader whose answer has arrived meanwhile does not pay for it again, nor does who would have waited'
);
update batch set j.provider_attempted = true where (j).call_id = '00000000-0000-7000-8000-000000000001';
select results_eq(
  $$select g.call_id, g.verdict from tollhouse_private.guard_coalescing(array(select b.j from batch as b), now()) as g$$,
  $$values ('00000000-0000-7000-8000-000000000002'::uuid, 'cached')$$,
  'one that was sent before goes on by itself beside a fresh answer'
);
select is(pg_temp.pending(), 0::bigint, 'and leaves it to the others');
select results_eq(
  $$select g.call_id, g.verdict from tollhouse_private.guard_coalescing(array(select b.j from batch as b), now() + interval '1 microsecond') as g$$,
  $$values ('00000000-0000-7000-8000-000000000002'::uuid, 'coalesced')$$,
  'when the answer is over the oldest leads, and the other waits'
);
select results_eq(
  'select rc.call_id, rc.expires_at, rc.response from tollhouse_private.response_cache as rc',
  $$values ('00000000-0000-7000-8000-000000000001'::uuid, null::timestamptz, null::jsonb)$$,
  'for the entry is pending again, and nothing is left of the old answer'
);
update tollhouse_private.response_cache
set provider = 'north', model = 'small', cost_micro_usd = 5, expires_at = now() + interval '1 hour';
select results_eq(
  $$select g.call_id, g.verdict from tollhouse_private.guard_coalescing(array(select b.j from batch as b), now()) as g$$,
  $$values ('00000000-0000-7000-8000-000000000002'::uuid, 'coalesced')$$,
  'an entry whose answer is gone with its content is fetched anew before it expires'
);

select * from finish();
rollback;
