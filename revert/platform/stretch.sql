-- Revert tollhouse:platform/stretch from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.stretch(regclass);

commit;
