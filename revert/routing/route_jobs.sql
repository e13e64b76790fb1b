-- Revert tollhouse:routing/route_jobs from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.route_jobs(tollhouse_private.work[], timestamptz, tollhouse_private.route[]);
drop function tollhouse_private.choose_models(tollhouse_private.work[], timestamptz, tollhouse_private.breakers[], tollhouse_private.provider_breakers[], boolean);

commit;
