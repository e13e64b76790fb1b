begin;
select plan(8);

select results_eq(
  'select outcome, sent, billing, retries, breaker, status from tollhouse_private.attempt_outcomes order by outcome collate "C"',
  $$values
    ('abandoned', true, 'usage_or_reservation', true, 'ignored', 'failed'),
    ('aborted', true, 'usage_or_reservation', false, 'ignored', 'blocked'),
    ('cancelled', true, 'usage_or_reservation', false, 'ignored', 'cancelled'),
    ('dropped', true, 'usage_or_reservation', true, 'failure', 'failed'),
    ('interrupted', true, 'usage_or_reservation', true, 'ignored', 'failed'),
    ('malformed', true, 'usage_or_reservation', true, 'failure', 'failed'),
    ('not_configured', false, 'nothing', true, 'ignored', 'failed'),
    ('not_sent', false, 'nothing', true, 'ignored', 'failed'),
    ('rate_limited', true, 'nothing', true, 'ignored', 'failed'),
    ('rejected', true, 'nothing', false, 'ignored', 'failed'),
    ('server_error', true, 'usage', true, 'failure', 'failed'),
    ('success', true, 'usage_or_reservation', false, 'success', 'success'),
    ('timeout', true, 'usage_or_reservation', true, 'failure', 'failed'),
    ('unreachable', false, 'nothing', true, 'failure', 'failed')$$,
  'what follows from each way in which an attempt can end');
select columns_are('tollhouse_private', 'attempt_outcomes', array['outcome', 'sent', 'billing', 'retries', 'breaker', 'status'], 'is five facts');
select col_is_pk('tollhouse_private', 'attempt_outcomes', 'outcome', 'one row an outcome');
select is_empty($$select from tollhouse_private.attempt_outcomes where not sent and billing <> 'nothing'$$, 'what was never sent is never charged');
select is_empty($$select from tollhouse_private.attempt_outcomes where status = 'success' and (retries or breaker <> 'success')$$, 'a success is not tried again');
select throws_ok($$update tollhouse_private.attempt_outcomes set billing = 'guess'$$, '23514', null, 'billing is one of three');
select throws_ok($$update tollhouse_private.attempt_outcomes set breaker = 'maybe'$$, '23514', null, 'so is what breakers hear');
select throws_ok($$update tollhouse_private.attempt_outcomes set status = 'lost'$$, '23514', null, 'no call ends lost');

select * from finish();
rollback;
