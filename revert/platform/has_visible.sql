-- Revert tollhouse:platform/has_visible from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.has_visible(text);

commit;
