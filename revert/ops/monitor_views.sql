-- Revert tollhouse:ops/monitor_views from pg

begin;
set local role tollhouse_engine;

drop view tollhouse_ops.attempts;
drop view tollhouse_ops.unfinished_calls;
drop view tollhouse_ops.finished_calls;

commit;
