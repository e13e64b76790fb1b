begin;
select plan(6);

insert into tollhouse_private.providers (provider) values ('one'), ('two');
insert into tollhouse_private.models values ('small', 'one', 'one-small-2030'), ('large', 'two', 'two-large');
update tollhouse_private.task_types set models = array['large', 'small'] where endpoint = 'route';

select results_eq(
  $$select model, provider, provider_model, preference, candidates from tollhouse_private.candidate_models('route', null) order by preference$$,
  $$values ('large', 'two', 'two-large', 0::bigint, 2::bigint), ('small', 'one', 'one-small-2030', 1, 2)$$,
  'an endpoint''s models are offered in its order of preference, with their provider''s names for them');
select results_eq(
  $$select model from tollhouse_private.candidate_models('route', 'small')$$, $$values ('small')$$,
  'a call that asks for a model gets that one');
select is_empty($$select from tollhouse_private.candidate_models('explanation', null)$$, 'an endpoint without models offers none');
select is_empty($$select from tollhouse_private.candidate_models('explanation', 'small')$$, 'a model of another endpoint is not offered');
select is_empty($$select from tollhouse_private.candidate_models('nowhere', null)$$, 'an unknown endpoint offers none');

update tollhouse_private.task_types set models = array['gone', 'small'] where endpoint = 'route';
select results_eq(
  $$select model, candidates from tollhouse_private.candidate_models('route', null)$$, $$values ('small', 1::bigint)$$,
  'a model that is not known is not offered');

select * from finish();
rollback;
