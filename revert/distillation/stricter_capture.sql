-- Revert tollhouse:distillation/stricter_capture from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.stricter_capture(text, text);

commit;
