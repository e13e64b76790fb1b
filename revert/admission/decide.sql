-- Revert tollhouse:admission/decide from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.decide(tollhouse_private.work[], timestamptz);
drop function tollhouse_private.probe_again(tollhouse_private.work[], tollhouse_private.verdict[], timestamptz, tollhouse_private.route[]);
drop function tollhouse_private.probe_refused(tollhouse_private.route[], tollhouse_private.verdict[]);

commit;
