-- One login for each kind of person who comes by; the secret comes from the environment.
\set secret `printf %s "$TOLLHOUSE_SECRET"`

drop role if exists app, worker, operator, auditor, monitor;
create role app login password :'secret' in role tollhouse_client;
create role worker login password :'secret' in role tollhouse_worker;
create role operator login password :'secret' in role tollhouse_operator;
create role auditor login password :'secret' in role tollhouse_auditor;
create role monitor login password :'secret' in role tollhouse_monitor;
