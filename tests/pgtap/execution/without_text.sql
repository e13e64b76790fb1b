begin;
select plan(2);

create temporary table kept as
select r.*
from tollhouse_private.without_text(
  jsonb_populate_record(null::tollhouse_private.attempt_result, '{"outcome": "rejected", "error_code": "bad_request", "error_message": "what is six times seven?"}')
) as r;
select is((select error_message from kept), null, 'the text is gone');
select is((select concat_ws(' ', outcome, error_code) from kept), 'rejected bad_request', 'and nothing else');

select * from finish();
rollback;
