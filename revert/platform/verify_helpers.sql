-- Revert tollhouse:platform/verify_helpers from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.verify_type(regtype, regrole);
drop function tollhouse_private.verify_policies(regclass, text[]);
drop function tollhouse_private.verify_withheld(regclass, regrole, text[]);
drop function tollhouse_private.verify_view(regclass, regrole, text[]);
drop function tollhouse_private.verify_table(regclass, regrole, text[], text[]);
drop function tollhouse_private.wrong_grants(regclass, regrole, text[]);
drop function tollhouse_private.verify_function(regprocedure, regrole, text, text[]);
drop function tollhouse_private.our_roles();
drop function tollhouse_private.verify_that(boolean, text);

commit;
