-- Revert tollhouse:execution/announce from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.announce(tollhouse_private.settlement[]);

commit;
