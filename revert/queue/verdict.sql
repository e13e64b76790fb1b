-- Revert tollhouse:queue/verdict from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.undecided(tollhouse_private.route[], tollhouse_private.verdict[]);
drop function tollhouse_private.undecided(tollhouse_private.work[], tollhouse_private.verdict[]);
drop type tollhouse_private.route;
drop type tollhouse_private.verdict;

commit;
