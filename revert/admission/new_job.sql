-- Revert tollhouse:admission/new_job from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.new_job(text, jsonb, text, text, text, boolean, bigint, timestamptz, jsonb, timestamptz);

commit;
