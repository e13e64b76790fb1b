-- Deploy tollhouse:tenancy/identifier to pg
-- requires: platform/schemas

begin;
set local role tollhouse_owner;

create domain tollhouse_private.identifier as text
  constraint identifier_check check (value ~ '^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$');
comment on domain tollhouse_private.identifier is
  'A tenant, user, endpoint or model: 1 to 128 of A-Z a-z 0-9 . _ : @ -, the first a letter or digit.';

commit;
