-- Revert tollhouse:admission/new_jobs from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.new_jobs(text, text, tollhouse_private.asked_call[], timestamptz);
drop type tollhouse_private.asked_call;

commit;
