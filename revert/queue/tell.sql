-- Revert tollhouse:queue/tell from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.tell_each(text[], text[]);
drop function tollhouse_private.tell(text, text[]);

commit;
