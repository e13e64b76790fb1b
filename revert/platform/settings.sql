-- Revert tollhouse:platform/settings from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.settings;

commit;
