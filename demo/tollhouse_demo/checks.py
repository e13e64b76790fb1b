"""What can be observed from outside: each function asks once and returns a Check.

A connection is the auditor's, which reads every tenant's rows and changes nothing, unless the
function says otherwise. A key is (tenant, endpoint, request id), which in the demo is one user's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from tollhouse_demo.caller import Caller
from tollhouse_demo.catalogue import PRICES
from tollhouse_demo.mock import Bill, Entry

__all__ = [
    "Check",
    "Identify",
    "Key",
    "answered_from_cache",
    "attempts_of",
    "billed",
    "blocked",
    "breaker_is",
    "cap_held",
    "charge_covers_bill",
    "consumed",
    "consumed_by_endpoint",
    "finds_nothing",
    "malformed_identity",
    "materialized_once",
    "nothing_kept",
    "nothing_lost",
    "observe",
    "one_call",
    "outcome",
    "reachable",
    "refuses",
    "requests_match_bill",
    "samples_complete",
    "samples_only_paid",
    "sees_nothing",
    "sees_own",
    "spend_matches_ledger",
    "statuses",
    "tally",
    "tokens_match_bill",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A claim, and what was observed; `sql` shows how to observe it again."""

    name: str
    expected: str
    observed: str
    ok: bool
    sql: str


def observe(
    connection: psycopg.Connection,
    name: str,
    query: LiteralString,
    parameters: Sequence[Any],
    expected: Mapping[str, Any],
) -> Check:
    """Run a query that should return one row, and compare every column."""
    rows = connection.cursor(row_factory=dict_row).execute(query, parameters).fetchall()
    observed = rows[0] if len(rows) == 1 else {"rows": len(rows)}
    return outcome(
        name, expected=expected, observed=observed, sql=_typed(connection, query, parameters)
    )


def tally(
    connection: psycopg.Connection,
    name: str,
    query: LiteralString,
    parameters: Sequence[Any],
    expected: Mapping[str, int],
) -> Check:
    """Run a query of two columns, a label and a number, and compare all its rows."""
    rows = connection.execute(query, parameters).fetchall()
    return outcome(
        name, expected=expected, observed=dict(rows), sql=_typed(connection, query, parameters)
    )


def _typed(connection: psycopg.Connection, query: LiteralString, parameters: Sequence[Any]) -> str:
    return " ".join(psycopg.ClientCursor(connection).mogrify(query, parameters).split())


def outcome(
    name: str, *, expected: Mapping[str, Any], observed: Mapping[str, Any], sql: str
) -> Check:
    """Compare what was observed by whatever means."""
    return Check(
        name=name,
        expected=_text(expected),
        observed=_text(observed),
        ok=dict(expected) == dict(observed),
        sql=sql,
    )


def _text(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_plain(value)}" for name, value in values.items()) or "no row"


def _plain(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


Key = tuple[str, str, str]
"""Tenant, endpoint, request id; no two users of the demo share one."""

_OF_KEY: LiteralString = (
    " from tollhouse.llm_api_calls where (tenant_id, endpoint, request_id) = (%s, %s, %s)"
)
_MATERIALIZED: dict[str, LiteralString] = {
    "investigation": "tollhouse_private.investigations",
    "budget_optimization": "tollhouse_private.budget_optimization_jobs",
}


def consumed(connection: psycopg.Connection, key: Key, *, name: str = "") -> Check:
    """One ledger row: a provider answered."""
    return observe(
        connection,
        name or f"{key[1]}: one ledger row, answered by a provider",
        "select status, provider_attempted, was_cached" + _OF_KEY,
        key,
        {"status": "success", "provider_attempted": True, "was_cached": False},
    )


def answered_from_cache(connection: psycopg.Connection, key: Key, *, name: str = "") -> Check:
    """One ledger row: answered without a provider, free of charge."""
    return observe(
        connection,
        name or "answered from the cache: no attempt, no cost",
        "select status, was_cached, provider_attempted, cost_micro_usd" + _OF_KEY,
        key,
        {
            "status": "success",
            "was_cached": True,
            "provider_attempted": False,
            "cost_micro_usd": 0,
        },
    )


def blocked(
    connection: psycopg.Connection,
    key: Key,
    reason: str,
    *,
    attempted: bool = False,
    name: str = "",
) -> Check:
    """One ledger row: refused for that reason, before (or in) flight."""
    return observe(
        connection,
        name or f"refused: {reason}, nothing sent",
        "select status, blocked_reason, provider_attempted" + _OF_KEY,
        key,
        {"status": "blocked", "blocked_reason": reason, "provider_attempted": attempted},
    )


def one_call(connection: psycopg.Connection, key: Key, *, name: str = "") -> Check:
    """However often it was delivered: one row, one attempt."""
    return observe(
        connection,
        name or "one ledger row, one attempt",
        "select status, attempts" + _OF_KEY,
        key,
        {"status": "success", "attempts": 1},
    )


def materialized_once(superuser: psycopg.Connection, endpoint: str, call_id: UUID) -> Check:
    """One row in the endpoint's own table, by the transaction of the outcome.

    Needs a superuser, and a server with track_commit_timestamp: the row comes from a
    subtransaction, whose own number says nothing, but whose commit time is its parent's.
    """
    table = _MATERIALIZED[endpoint]
    return observe(
        superuser,
        f"one row in {table.partition('.')[2]}, by the transaction of the outcome",
        "select pg_xact_commit_timestamp(m.xmin) = pg_xact_commit_timestamp(c.xmin)"  # noqa: S608
        f" as same_transaction from {table} as m"
        " join tollhouse_private.llm_api_calls as c using (tenant_id, call_id)"
        " where call_id = %s",
        (str(call_id),),
        {"same_transaction": True},
    )


Calls = tuple[str, str]
"""A tenant, and a pattern of request ids."""


def consumed_by_endpoint(
    connection: psycopg.Connection, tenant: str, like: str, endpoints: Sequence[str]
) -> Check:
    """One ledger row for each of these endpoints: a provider answered."""
    return tally(
        connection,
        "each endpoint: one ledger row, success, answered by a provider",
        "select endpoint, count(*) from tollhouse.llm_api_calls where tenant_id = %s"
        " and request_id like %s and status = 'success' and provider_attempted group by 1",
        (tenant, like),
        dict.fromkeys(endpoints, 1),
    )


def attempts_of(
    connection: psycopg.Connection, calls: Calls, expected: dict[str, int], *, name: str
) -> Check:
    """How the HTTP attempts of these calls ended, and how many they are."""
    return tally(
        connection,
        name,
        "select outcome, count(*) from tollhouse.provider_attempts where call_id in (select call_id"
        " from tollhouse.llm_api_calls where tenant_id = %s and request_id like %s) group by 1",
        calls,
        expected,
    )


def statuses(
    connection: psycopg.Connection, calls: Calls, expected: dict[str, int], *, name: str
) -> Check:
    """How these calls ended: success, cached, blocked, failed, cancelled."""
    return tally(
        connection,
        name,
        "select case when was_cached then 'cached' else status end, count(*)"
        " from tollhouse.llm_api_calls where tenant_id = %s and request_id like %s group by 1",
        calls,
        expected,
    )


def nothing_lost(connection: psycopg.Connection, calls: int, *, only: Calls | None = None) -> Check:
    """Every call has exactly one ledger row and has left the queue.

    only: these; otherwise all calls there are
    """
    where: LiteralString = " where tenant_id = %s and request_id like %s" if only else ""
    return observe(
        connection,
        "nothing lost, nothing doubled: one ledger row for each call",
        "select count(*) as rows,"  # noqa: S608
        " count(distinct (tenant_id, user_id, endpoint, request_id)) as requests,"
        " (select count(*) from tollhouse.jobs" + where + ") as unfinished"
        " from tollhouse.llm_api_calls" + where,
        (only or ()) * 2,
        {"rows": calls, "requests": calls, "unfinished": 0},
    )


_BILL = "GET /_mock/bill?entries=1"
_SENT = (
    "select call_id || '.' || attempt as request from tollhouse.provider_attempts"
    " where sent and not late"
)
_ANSWERED = (
    "select call_id || '.' || attempt, input_tokens, output_tokens, reasoning_tokens"
    " from tollhouse.provider_attempts where outcome = 'success'"
)
_UNANSWERED = (
    "select call_id || '.' || attempt as request, sum(cost_micro_usd) as cost"
    " from tollhouse.provider_attempts where sent group by 1"
    " having min(cost_basis) = 'reservation'"
)


def billed(bill: Bill, call_ids: Sequence[UUID], count: int, *, name: str = "") -> Check:
    """How many requests of these calls the provider received."""
    return outcome(
        name or f"the provider's bill: {count or 'no'} request{'' if count == 1 else 's'}",
        expected={"requests": count},
        observed={"requests": len(bill.of(*call_ids))},
        sql=f"{_BILL} of call {call_ids[0]}" + (" …" if len(call_ids) > 1 else ""),
    )


def requests_match_bill(connection: psycopg.Connection, bill: Bill) -> Check:
    """Every attempt that was sent is on the bill, and the other way round."""
    ours = {row[0] for row in connection.execute(_SENT.encode()).fetchall()}
    theirs = {entry.client_request_id for entry in bill.entries}
    return outcome(
        "requests: ledger and bill agree, one by one",
        expected={"ledger": bill.requests, "bill": bill.requests, "unmatched": 0},
        observed={
            "ledger": len(ours),
            "bill": len(bill.entries),
            "unmatched": len(ours ^ theirs),
        },
        sql=f"{_SENT} — against {_BILL}",
    )


def tokens_match_bill(connection: psycopg.Connection, bill: Bill) -> Check:
    """Each answered attempt has the tokens of its entry on the bill."""
    rows = connection.execute(_ANSWERED.encode()).fetchall()
    entries = {entry.client_request_id: entry for entry in bill.entries}
    theirs = [entries[row[0]] for row in rows if row[0] in entries]
    differing = sum(row[1:] != _tokens(entries.get(row[0])) for row in rows)
    return outcome(
        "tokens of every answer: ledger and bill agree, one by one",
        expected={
            "ledger": sum(entry.prompt_tokens + entry.completion_tokens for entry in theirs),
            "bill": sum(entry.prompt_tokens + entry.completion_tokens for entry in theirs),
            "differing": 0,
        },
        observed={
            "ledger": sum(row[1] + row[2] for row in rows),
            "bill": sum(entry.prompt_tokens + entry.completion_tokens for entry in theirs),
            "differing": differing,
        },
        sql=f"{_ANSWERED} — against {_BILL}",
    )


def charge_covers_bill(connection: psycopg.Connection, bill: Bill) -> Check:
    """Attempts that ended without an answer are charged at least what they were billed."""
    rows = connection.execute(_UNANSWERED.encode()).fetchall()
    entries = {entry.client_request_id: entry for entry in bill.entries}
    short = sum(cost < _price(entries.get(request)) for request, cost in rows)
    return outcome(
        "attempts cut off before their answer: charged no less than billed",
        expected={"attempts": len(rows), "charged too little": 0},
        observed={"attempts": len(rows), "charged too little": short},
        sql=f"{_UNANSWERED} — against {_BILL}",
    )


def _tokens(entry: Entry | None) -> tuple[int, int, int] | None:
    if entry is None:
        return None
    return entry.prompt_tokens, entry.completion_tokens, entry.reasoning_tokens


def _price(entry: Entry | None) -> Decimal:
    if entry is None or not entry.billed:
        return Decimal(0)
    prices = PRICES[entry.model]
    # USD per million tokens are micro-USD per token.
    micro_usd = (entry.prompt_tokens - entry.cached_tokens) * prices["input"]
    micro_usd += entry.cached_tokens * prices["cached_input"]
    micro_usd += entry.completion_tokens * prices["output"]
    return Decimal(str(micro_usd))


def cap_held(connection: psycopg.Connection) -> Check:
    """Nobody's spend and reservations pass a cap, and nothing stays reserved."""
    return observe(
        connection,
        "no cap was passed, and nothing is left reserved",
        "select count(*) filter (where spent_micro_usd + reserved_micro_usd > cap_micro_usd)"
        " as over_cap, sum(reserved_micro_usd)::bigint as reserved from tollhouse.monthly_budgets",
        (),
        {"over_cap": 0, "reserved": 0},
    )


def spend_matches_ledger(connection: psycopg.Connection) -> Check:
    """Ledger, attempts and monthly budgets add up to the same amount."""
    row = connection.execute(
        "select coalesce(sum(cost_micro_usd), 0)::bigint from tollhouse.llm_api_calls"
    ).fetchone()
    spent = row[0] if row else 0
    return observe(
        connection,
        "ledger, attempts and budgets show the same amount (micro-USD)",
        "select (select sum(cost_micro_usd)::bigint from tollhouse.llm_api_calls) as ledger,"
        " (select sum(cost_micro_usd)::bigint from tollhouse.provider_attempts) as attempts,"
        " (select sum(spent_micro_usd)::bigint from tollhouse.monthly_budgets"
        " where user_id = '') as budgets",
        (),
        {"ledger": spent, "attempts": spent, "budgets": spent},
    )


def breaker_is(
    connection: psycopg.Connection, tenant: str, user: str, provider: str, state: str
) -> Check:
    """The state of one user's breaker; no row means closed."""
    return observe(
        connection,
        f"the breaker of {user} is {state.replace('_', '-')}",
        "select coalesce(min(state), 'closed') as state from tollhouse.breakers"
        " where (tenant_id, user_id, provider) = (%s, %s, %s)",
        (tenant, user, provider),
        {"state": state},
    )


def samples_complete(connection: psycopg.Connection, *, keeping_nothing: Sequence[str]) -> Check:
    """Every answer that a provider gave has its sample, whole, except of those tenants."""
    row = connection.execute(
        "select count(*) from tollhouse.llm_api_calls where status = 'success' and not was_cached"
        " and tenant_id <> all (%s)",
        (list(keeping_nothing),),
    ).fetchone()
    answered = row[0] if row else 0
    return observe(
        connection,
        f"each of {answered} answers has request, response, reasoning, metadata",
        "select count(*) as samples, count(request) as requests, count(response) as responses,"
        " count(reasoning) as reasonings, count(metadata) as metadata"
        " from tollhouse.distillation_samples",
        (),
        dict.fromkeys(("samples", "requests", "responses", "reasonings", "metadata"), answered),
    )


def samples_only_paid(connection: psycopg.Connection) -> Check:
    """No sample of a call that was cached, blocked, failed or cancelled."""
    return observe(
        connection,
        "no sample of a cached, blocked, failed or cancelled call",
        "select count(*) as others from tollhouse.distillation_samples as s"
        " join tollhouse.llm_api_calls as c using (tenant_id, call_id)"
        " where c.was_cached or c.status <> 'success' or not c.provider_attempted",
        (),
        {"others": 0},
    )


def nothing_kept(connection: psycopg.Connection, tenant: str) -> Check:
    """Nothing is kept of a tenant whose policy is none, though it was answered."""
    return observe(
        connection,
        f"{tenant} was answered, and none of it was kept",
        "select count(*) > 0 as answered, count(content_ref) + count(reasoning_ref)"
        " + count(metadata_ref) as refs, (select count(*) from tollhouse.call_content as cc"
        " where cc.tenant_id = %s) as contents from tollhouse.llm_api_calls"
        " where tenant_id = %s and status = 'success'",
        (tenant, tenant),
        {"answered": True, "refs": 0, "contents": 0},
    )


Identify = Callable[[psycopg.Connection], object]

_REACHABLE = """
  select n.nspname, c.relname
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
  where n.nspname like 'tollhouse%' and c.relkind in ('r', 'p', 'v', 'm')
    and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
  order by 1, 2
"""


def reachable(connection: psycopg.Connection) -> list[tuple[str, str]]:
    """Return every table and view that this login can read at all, by the catalog."""
    rows: list[tuple[str, str]] = connection.execute(_REACHABLE).fetchall()
    return rows


def malformed_identity(connection: psycopg.Connection) -> None:
    """Write a malformed identity past set_identity, which would refuse it."""
    connection.execute("select set_config('tollhouse.tenant_id', %s, true)", ("x' or 'a' = 'a",))
    connection.execute("select set_config('tollhouse.user_id', %s, true)", ("*",))


def sees_own(caller: Caller) -> Check:
    """The victim sees rows of its own: otherwise the other checks would prove nothing."""
    count = _visible(caller.connection, lambda _: caller.identify(), caller.tenant, caller.user)
    return outcome(
        f"{caller} sees their own rows",
        expected={"own rows": True},
        observed={"own rows": count > 0},
        sql=_readable(caller.connection, caller.tenant, caller.user),
    )


def sees_nothing(
    connection: psycopg.Connection,
    who: str,
    identify: Identify,
    *,
    tenant: str | None = None,
    user: str | None = None,
) -> Check:
    """Zero rows of a tenant (of a user of it, of anybody) in everything that can be read."""
    relations = len(reachable(connection))
    return outcome(
        f"{who}: zero rows",
        expected={"relations": relations, "rows": 0},
        observed={"relations": relations, "rows": _visible(connection, identify, tenant, user)},
        sql=_readable(connection, tenant, user),
    )


def finds_nothing(caller: Caller, call_id: UUID, endpoint: str, request_id: str) -> Check:
    """No function gives anything of somebody else's call away, or touches it."""
    connection = caller.connection
    with connection.transaction():
        caller.identify()
        query = "select count(*) from tollhouse.result(%s)"
        row = connection.execute(query, (call_id,)).fetchone()
    return outcome(
        f"{caller}: no function reaches the call",
        expected={"result rows": 0, "cancel": None, "explain": "unknown"},
        observed={
            "result rows": row[0] if row else None,
            "cancel": caller.cancel(call_id),
            "explain": caller.explain(endpoint, request_id).get("status"),
        },
        sql=f"tollhouse.result('{call_id}'), tollhouse.cancel(…), tollhouse.explain(…)",
    )


def refuses(connection: psycopg.Connection, who: str, identify: Identify, sqlstate: str) -> Check:
    """Saying who one is raises this SQLSTATE."""
    raised = None
    try:
        with connection.transaction():
            identify(connection)
    except psycopg.Error as error:
        raised = error.sqlstate
    return outcome(
        f"{who}: refused",
        expected={"sqlstate": sqlstate},
        observed={"sqlstate": raised},
        sql="select tollhouse.set_identity(…)",
    )


def _visible(
    connection: psycopg.Connection, identify: Identify, tenant: str | None, user: str | None
) -> int:
    with connection.transaction():
        identify(connection)
        row = connection.execute(_query(connection, tenant, user)).fetchone()
    return int(row[0]) if row else -1


def _query(connection: psycopg.Connection, tenant: str | None, user: str | None) -> sql.Composed:
    # to_jsonb, because not every relation has both columns.
    wanted = {"tenant_id": tenant, "user_id": user}
    conditions: list[sql.Composable] = [
        sql.SQL("to_jsonb(r) ->> {} = {}").format(sql.Literal(name), sql.Literal(value))
        for name, value in wanted.items()
        if value is not None
    ] or [sql.SQL("true")]
    parts = [
        sql.SQL("(select count(*) from {} as r where {})").format(
            sql.Identifier(*relation), sql.SQL(" and ").join(conditions)
        )
        for relation in reachable(connection)
    ]
    return sql.SQL("select {}").format(sql.SQL(" + ").join(parts))


def _readable(connection: psycopg.Connection, tenant: str | None, user: str | None) -> str:
    count = len(reachable(connection))
    where = f" where tenant_id = '{tenant}'" if tenant else ""
    where += f" and user_id = '{user}'" if user else ""
    return f"select count(*) from each of the {count} views{where}"  # noqa: S608 - only shown
