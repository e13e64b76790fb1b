-- Revert tollhouse:distillation/capture from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.keeps_content(text, text);
drop function tollhouse_private.capture_of(text, text);

set local role tollhouse_owner;

drop function tollhouse_private.stricter_capture(text, text);

commit;
