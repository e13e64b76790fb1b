-- Deploy tollhouse:tenancy/identifier to pg

begin;
set local role tollhouse_owner;

create domain tollhouse_private.identifier as text collate "C"
  constraint identifier_check check (tollhouse_private.is_identifier(value));
comment on domain tollhouse_private.identifier is
  'Name of a tenant, user, endpoint or model.';

commit;
