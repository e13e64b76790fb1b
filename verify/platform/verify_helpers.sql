-- Verify tollhouse:platform/verify_helpers on pg

begin;

select tollhouse_private.verify_function(helper, 'tollhouse_owner', 'invoker', '{}')
from unnest(array[
  'tollhouse_private.verify_that(boolean, text)'::regprocedure,
  'tollhouse_private.our_roles()'::regprocedure,
  'tollhouse_private.verify_function(regprocedure, regrole, text, text[])'::regprocedure,
  'tollhouse_private.wrong_grants(regclass, regrole, text[])'::regprocedure,
  'tollhouse_private.verify_table(regclass, regrole, text[], text[])'::regprocedure,
  'tollhouse_private.verify_view(regclass, regrole, text[])'::regprocedure,
  'tollhouse_private.verify_withheld(regclass, regrole, text[])'::regprocedure,
  'tollhouse_private.verify_policies(regclass, text[])'::regprocedure,
  'tollhouse_private.verify_type(regtype, regrole)'::regprocedure
]) as helper;

rollback;
