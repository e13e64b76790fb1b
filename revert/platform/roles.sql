-- Revert tollhouse:platform/roles from pg

begin;

alter default privileges for role tollhouse_engine grant execute on functions to public;
alter default privileges for role tollhouse_owner grant execute on functions to public;

-- The roles stay: they are the cluster's, and another database of it may use them.

commit;
