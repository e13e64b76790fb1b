begin;
select plan(7);

select is(tollhouse_private.charge_basis(v.sent, v.billing, v.usage), v.basis, format('sent %s, billing %s, usage %s: %s', v.sent, v.billing, v.usage, v.basis))
from (values
  (true, 'usage_or_reservation', 5::bigint, 'usage'), (true, 'usage_or_reservation', null, 'reservation'), (true, 'usage', 5, 'usage'),
  (true, 'usage', null, 'none'), (true, 'nothing', 5, 'none'), (false, 'usage_or_reservation', 5, 'none'), (null, 'usage', 5, 'none')
) as v (sent, billing, usage, basis);

select * from finish();
rollback;
