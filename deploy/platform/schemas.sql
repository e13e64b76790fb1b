-- Deploy tollhouse:platform/schemas to pg

begin;

create schema tollhouse authorization tollhouse_owner;
create schema tollhouse_private authorization tollhouse_owner;
create schema tollhouse_worker authorization tollhouse_engine;
create schema tollhouse_ops authorization tollhouse_engine;

comment on schema tollhouse is 'Functions and views for application code.';
comment on schema tollhouse_private is 'Tables, guards and predicates; closed to login roles.';
comment on schema tollhouse_worker is 'Functions for the worker.';
comment on schema tollhouse_ops is 'Functions and views for operators and monitoring.';

-- A schema is a trust level; usage on it decides who gets in.
grant usage on schema tollhouse to tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor, tollhouse_engine;
grant usage on schema tollhouse_worker to tollhouse_worker;
grant usage on schema tollhouse_ops to tollhouse_operator, tollhouse_auditor, tollhouse_monitor;
grant usage, create on schema tollhouse_private to tollhouse_engine;

commit;
