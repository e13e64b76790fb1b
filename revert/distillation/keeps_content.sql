-- Revert tollhouse:distillation/keeps_content from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.keeps_content(text, text);

commit;
