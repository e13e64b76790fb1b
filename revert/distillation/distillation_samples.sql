-- Revert tollhouse:distillation/distillation_samples from pg

begin;
set local role tollhouse_owner;

drop view tollhouse.distillation_samples;

commit;
