-- Deploy tollhouse:admission/enqueue_query to pg

begin;
set local role tollhouse_owner;

-- The caller's text runs in here: as the caller, never as a definer, and on the caller's path, so that its names mean what
-- they mean to the caller. So every name in here is qualified, operators and types too.
create function tollhouse.enqueue_query(
  p_query text
)
  returns table (
    status text,
    blocked_reason text,
    calls bigint,
    deduplicated bigint
  )
  language plpgsql
  volatile
as $$
declare
  p_query constant pg_catalog.text collate pg_catalog."C" := enqueue_query.p_query;
  c_part_calls constant integer := 1000;
  c_part_bytes constant integer := 16777216;
  v_rows pg_catalog.refcursor;
  v_row pg_catalog.jsonb;
  v_more boolean;
  v_part pg_catalog.jsonb[] := array[]::pg_catalog.jsonb[];
  v_bytes bigint := 0;
  v_before bigint := 0;
  v_enqueues boolean := false;
  v_counts pg_catalog.jsonb;
  v_place bigint;
  v_message pg_catalog.text collate pg_catalog."C";
  v_detail pg_catalog.text collate pg_catalog."C";
  v_hint pg_catalog.text collate pg_catalog."C";
begin
  -- Raises without an identity, before the query runs.
  perform from tollhouse.enqueue_many('[]');
  if p_query is null then
    raise exception using errcode = 'TH102', message = 'invalid request', detail = 'p_query is null',
      hint = 'Pass one SELECT or VALUES whose columns are named as the parameters of enqueue, without p_.';
  end if;

  -- One block, so one subtransaction: with more than 64, every other session's snapshots would get dearer.
  begin
    -- In a subquery nothing but a SELECT or VALUES can be; and a cursor takes one statement.
    open v_rows no scroll for execute pg_catalog.format(
      E'select pg_catalog.to_jsonb(q.*) from (\n%s\n) as q', pg_catalog.rtrim(p_query, E' \t\r\n;')
    );
    loop
      fetch v_rows into v_row;
      v_more := found;
      if v_more then
        v_part := pg_catalog.array_append(v_part, v_row);
        v_bytes := v_bytes operator(pg_catalog.+) pg_catalog.pg_column_size(v_row);
      end if;
      if not v_more or pg_catalog.cardinality(v_part) operator(pg_catalog.=) c_part_calls or v_bytes operator(pg_catalog.>=) c_part_bytes then
        v_enqueues := true;
        v_counts := (
          select pg_catalog.jsonb_agg(pg_catalog.to_jsonb(t.*))
          from (
            select c.status, c.blocked_reason, pg_catalog.sum(c.calls) as calls, pg_catalog.sum(c.deduplicated) as deduplicated
            from (
              select e.status, e.blocked_reason, 1::bigint as calls, e.deduplicated::integer::bigint as deduplicated
              from tollhouse.enqueue_many(pg_catalog.to_jsonb(v_part)) as e
              union all
              select k.status, k.blocked_reason, k.calls, k.deduplicated
              from pg_catalog.jsonb_to_recordset(v_counts) as k (status pg_catalog.text, blocked_reason pg_catalog.text, calls bigint, deduplicated bigint)
            ) as c
            group by c.status, c.blocked_reason
          ) as t
        );
        v_enqueues := false;
        v_before := v_before operator(pg_catalog.+) pg_catalog.cardinality(v_part);
        v_part := array[]::pg_catalog.jsonb[];
        v_bytes := 0;
      end if;
      exit when not v_more;
    end loop;
    close v_rows;
  exception
    when others then
      get stacked diagnostics v_message = message_text, v_detail = pg_exception_detail, v_hint = pg_exception_hint;
      if v_enqueues then
        v_place := pg_catalog.substring(v_detail, '^call ([0-9]+) of the array: ')::bigint;
        if v_place is null then
          raise;
        end if;
        v_detail := pg_catalog.regexp_replace(v_detail, '^call [0-9]+ of the array: (unknown )?', '\1');
        raise exception using errcode = sqlstate, message = v_message,
          detail = case
            when pg_catalog.starts_with(v_detail, 'unknown key ') then pg_catalog.regexp_replace(v_detail, '^unknown key', 'unknown column')
            else pg_catalog.format('row %s of the query: %s', v_before operator(pg_catalog.+) v_place, v_detail)
          end,
          hint = v_hint;
      elsif sqlstate operator(pg_catalog.~) '^(0A|21|22|42)' and sqlstate operator(pg_catalog.<>) '42501' then
        raise exception using errcode = 'TH102', message = 'invalid request',
          detail = case
            when v_rows is null then pg_catalog.format('the query: %s', pg_catalog.left(v_message, 200))
            else pg_catalog.format('row %s of the query: %s', (v_before operator(pg_catalog.+) pg_catalog.cardinality(v_part)) operator(pg_catalog.+) 1, pg_catalog.left(v_message, 200))
          end,
          hint = 'Pass one SELECT or VALUES whose columns are named as the parameters of enqueue, without p_.';
      end if;
      raise;
  end;

  return query
  select k.status, k.blocked_reason, k.calls, k.deduplicated
  from pg_catalog.jsonb_to_recordset(v_counts) as k (status pg_catalog.text, blocked_reason pg_catalog.text, calls bigint, deduplicated bigint)
  order by k.status collate pg_catalog."C", k.blocked_reason collate pg_catalog."C";
end
$$;
comment on function tollhouse.enqueue_query(text) is
  'enqueue for each row of a query (columns: its parameters without p_; null counts as left out), all or none, in bounded memory. p_query: one SELECT or VALUES, which runs with the caller''s rights and search_path. Returns how many rows have which status, and how many of them were known already. No call can be claimed until the transaction commits. Where other transactions may use the same request ids, let the query order by endpoint and request id, or the two may deadlock (40P01). Raises as enqueue does, naming the row; TH102 also if the query fails or returns another column.';

revoke execute on function tollhouse.enqueue_query(text) from public;
grant execute on function tollhouse.enqueue_query(text) to tollhouse_client;

commit;
