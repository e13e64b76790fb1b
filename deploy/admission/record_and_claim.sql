-- Deploy tollhouse:admission/record_and_claim to pg

begin;
set local role tollhouse_engine;

-- A procedure, because of its commits. The first keeps record's locks out of claim: held together they would deadlock.
-- The second ends the claim before its reply is sent: to a worker that is cut off, megabytes may take for ever.
create procedure tollhouse_worker.record_and_claim(
  in p_worker_id uuid,
  in p_results jsonb,
  in p_limit integer,
  inout p_claimed jsonb
)
  language plpgsql
as $$
begin
  if p_results is not null then
    perform tollhouse_worker.record(p_worker_id, p_results);
    commit;
  end if;
  select coalesce(
    pg_catalog.jsonb_agg(pg_catalog.to_jsonb(c) || pg_catalog.jsonb_build_object('request', c.request::text)),
    '[]'::jsonb
  ) into p_claimed
  from tollhouse_worker.claim(p_worker_id, p_limit) as c;
  commit;
end
$$;
comment on procedure tollhouse_worker.record_and_claim(uuid, jsonb, integer, jsonb) is
  'record (unless p_results is null), commit, claim, commit, in one round trip: a worker''s only way to claim. p_claimed comes back as the array of claim''s rows, each with its request as text: who reads the array need not be able to read every request. Outside a transaction block only. When claim raises, the results are booked.';

revoke execute on procedure tollhouse_worker.record_and_claim(uuid, jsonb, integer, jsonb) from public;
grant execute on procedure tollhouse_worker.record_and_claim(uuid, jsonb, integer, jsonb) to tollhouse_worker;

commit;
