"""The parts of the page that change: each function renders one from a snapshot."""

from collections.abc import Iterable
from datetime import datetime

from tollhouse.page.markup import Markup, element, joined
from tollhouse.page.rows import Call, Snapshot, Spend, Stop
from tollhouse.page.verdict import judge, refused_lately
from tollhouse.page.words import age, clock, count, guard, milliseconds, money, person

__all__ = ["SECTIONS"]

_MINUTES = 10


def _up(snapshot: Snapshot) -> Markup:
    now = snapshot.look.at
    verdict = judge(snapshot)
    last = max(snapshot.calls, key=lambda call: call.finished_at, default=None)
    ended = f"{last.status}, {age(last.finished_at, now)} ago" if last else "none yet"
    oldest = min((row.oldest_since for row in snapshot.queue if row.oldest_since), default=None)
    tried = next((row for row in snapshot.latencies if not row.provider), None)
    facts = (
        ("Longest wait", age(oldest, now) if oldest else "nobody waits"),
        ("Last outcome", ended),
        (
            "Failed, 1 h",
            f"{tried.failed:,} of {tried.attempts:,} attempts" if tried else "no attempt",
        ),
        ("Database", f"PostgreSQL {snapshot.look.server.split()[0]}, {snapshot.read_ms} ms"),
    )
    rows = [
        _row(
            (worker.name.removeprefix("tollhouse-worker "), "name"),
            ("alive" if worker.alive else "lease expired", "" if worker.alive else "bad"),
            (f"{worker.in_flight} of {worker.capacity}", "number"),
            (age(worker.started_at, now), "number"),
        )
        for worker in snapshot.workers[:4]
    ]
    return joined(
        _figure(
            verdict.word,
            f"since {clock(now)} UTC" if snapshot.problem else _busy(snapshot),
            level=verdict.level,
        ),
        element("dl", *(_fact(term, text) for term, text in facts), class_="facts"),
        _table("Workers", ("Worker", "Lease", "#In flight", "#Up for"), rows, empty="No worker."),
        _more(len(snapshot.workers) - len(rows), "worker"),
    )


def _busy(snapshot: Snapshot) -> str:
    alive = sum(worker.alive for worker in snapshot.workers)
    queued, running = 0, 0
    if snapshot.queue:
        queued, running = snapshot.queue[0].all_queued, snapshot.queue[0].all_running
    return f"{count(alive, 'worker')}; {running:,} running, {queued:,} in line"


def _cost(snapshot: Snapshot) -> Markup:
    total = snapshot.total
    rows = [
        element(
            "tr",
            element(
                "th",
                person(spend.tenant_id, spend.user_id),
                scope="row",
                class_="name",
                role="rowheader",
            ),
            element("td", _gauge(spend), class_="gauge", role="cell"),
            _cell(_of_cap(spend), "number"),
            _cell(money(spend.hour_micro_usd), "number"),
            role="row",
        )
        for spend in snapshot.spends[:5]
    ]
    hidden = len(snapshot.spends) - len(rows)
    if snapshot.spends:
        hidden += max(0, snapshot.spends[0].others)
    return joined(
        _figure(
            money(total.month_micro_usd), f"this month; {money(total.hour_micro_usd)} this hour"
        ),
        _table(
            "Spend of this month against caps",
            ("Tenant", "Share of the cap", "#Spent", "#This hour"),
            rows,
            empty="Nothing was spent yet.",
        ),
        _more(hidden, "more"),
    )


def _blocked(snapshot: Snapshot) -> Markup:
    now = snapshot.look.at
    stops = snapshot.stops
    total = len(stops) + (max(0, stops[0].others) if stops else 0)
    refused = sum(refusal.calls for refusal in snapshot.refusals)
    if stops:
        who, what = count(total, "stop"), "in force"
    elif refused_lately(snapshot):
        who, what = "Some calls", "are refused"
    else:
        who, what = "Nobody", "is stopped"
    rows = [
        _row(
            (guard(refusal.reason), "name"),
            (f"{refusal.calls:,}", "number"),
            (_tenants(refusal.tenants, refusal.tenant_count), ""),
            (f"{age(refusal.last_at, now)} ago", "number"),
        )
        for refusal in snapshot.refusals[:5]
    ]
    return joined(
        _figure(
            who,
            f"{what}; {refused:,} refused in the last hour",
            level="up" if who == "Nobody" else "stopped",
        ),
        element("ul", *(_stop(stop, now) for stop in stops[:4]), class_="stops") if stops else None,
        _more(total - min(4, len(stops)), "more"),
        _table(
            "Refusals of the last hour by guard",
            ("Refused by", "#Calls", "Whose", "#Last"),
            rows,
            empty="No call of the last hour was refused.",
        ),
    )


def _latency(snapshot: Snapshot) -> Markup:
    rows = [
        _row(
            (latency.provider or "all providers", "name"),
            (milliseconds(latency.p50_ms), "number"),
            (milliseconds(latency.p95_ms), "number"),
            (milliseconds(latency.p99_ms), "number"),
            (f"{latency.failed:,} of {latency.attempts:,}", "number"),
        )
        for latency in snapshot.latencies[:3]
    ]
    heads = ("Provider", "#p50", "#p95", "#p99", "#Failed")
    return _table("Latency of the last hour", heads, rows, empty="No attempt in the last hour.")


def _queue(snapshot: Snapshot) -> Markup:
    now = snapshot.look.at
    rows = [
        _row(
            (waiting.tenant_id, "name"),
            (f"{waiting.queued:,}", "number"),
            (age(waiting.oldest_since, now), "number"),
            (f"{waiting.running:,}", "number"),
            (f"{waiting.later + waiting.shared:,}", "number"),
        )
        for waiting in snapshot.queue
    ]
    hidden = snapshot.queue[0].tenants - len(rows) if snapshot.queue else 0
    heads = ("Tenant", "#In line", "#Oldest", "#Running", "#Later")
    return joined(
        _table("Calls that are not finished", heads, rows, empty="The queue is empty."),
        _more(hidden, "more tenant"),
    )


def _calls(snapshot: Snapshot) -> Markup:
    rows = [_call(call) for call in snapshot.calls]
    heads = ("Ended", "Who", "Call", "Outcome", "Why", "#Cost", "#Took")
    return _table("The last calls", heads, rows, empty="No call was made yet.", class_="calls")


def _minutes(snapshot: Snapshot) -> Markup:
    rows = [
        _row(
            (f"{minute.minute:%H:%M}", "name"),
            *(
                (f"{number:,}", "number")
                for number in (minute.answered, minute.cached, minute.refused, minute.failed)
            ),
        )
        for minute in snapshot.minutes[-_MINUTES:]
    ]
    heads = ("Minute", "#Answered", "#Cached", "#Refused", "#Failed")
    return _table("Calls by the minute, UTC", heads, rows, empty="No call in the last hour.")


SECTIONS = {
    "up": _up,
    "cost": _cost,
    "blocked": _blocked,
    "latency": _latency,
    "queue": _queue,
    "calls": _calls,
    "minutes": _minutes,
}
"""Renderers by the id of the element that they fill."""


def _call(call: Call) -> Markup:
    at, who = call.finished_at, person(call.tenant_id, call.user_id)
    label = guard(call.blocked_reason) if call.blocked_reason else call.status
    level = {"success": "good", "blocked": "warn", "failed": "bad"}.get(call.status, "muted")
    return element(
        "tr",
        _cell(element("time", clock(at), datetime=at.isoformat(timespec="seconds"))),
        _cell(element("span", who, title=who), "who"),
        element(
            "th",
            call.endpoint,
            " ",
            element("span", call.request_id, title=call.request_id),
            scope="row",
            role="rowheader",
        ),
        _cell(element("span", label, class_=f"chip {level}")),
        _cell(call.why, "why"),
        _cell(money(call.cost_micro_usd), "number"),
        _cell(milliseconds(call.latency_ms), "number took"),
        role="row",
    )


def _stop(stop: Stop, now: datetime) -> Markup:
    times = [f"for {age(stop.since, now)}"] if stop.since else []
    if stop.until:
        left = age(now, stop.until)
        times.append(f"{left} left" if stop.until > now else "next call probes")
    return element(
        "li",
        element("span", stop.kind, class_="chip warn"),
        " ",
        element("strong", stop.target),
        element("small", stop.reason, f" ({', '.join(times)})" if times else None),
    )


def _gauge(spend: Spend) -> Markup:
    if spend.cap_micro_usd is None:
        return element("small", "no cap")
    cap = max(1, spend.cap_micro_usd)
    spent = min(100.0, max(0.0, 100 * spend.spent_micro_usd / cap))
    held = min(100.0 - spent, 100 * spend.reserved_micro_usd / cap)
    share = 100 * (spend.spent_micro_usd + spend.reserved_micro_usd) // cap
    level = "full" if share >= 90 else "high" if share >= 70 else "low"
    bar = element(
        "svg",
        element("rect", class_="track", width=100, height=8),
        element("rect", class_="spent", width=f"{spent:.1f}", height=8),
        element("rect", class_="held", x=f"{spent:.1f}", width=f"{held:.1f}", height=8),
        class_=level,
        viewBox="0 0 100 8",
        preserveAspectRatio="none",
        aria_hidden="true",
    )
    return joined(bar, element("small", f"{share} %"))


def _of_cap(spend: Spend) -> str:
    spent = money(spend.spent_micro_usd)
    return spent if spend.cap_micro_usd is None else f"{spent} of {money(spend.cap_micro_usd)}"


def _tenants(tenants: list[str], total: int) -> str:
    return tenants[0] + (f" +{total - 1}" if total > 1 else "")


def _figure(value: str, text: str, *, level: str | None = None) -> Markup:
    class_ = f"figure {level}" if level else "figure"
    return element("p", element("strong", value), " ", element("span", text), class_=class_)


def _fact(term: str, text: str) -> Markup:
    return element("div", element("dt", term), element("dd", text))


def _row(head: tuple[str, str], *cells: tuple[str, str]) -> Markup:
    text, class_ = head
    return element(
        "tr",
        element("th", text, scope="row", class_=class_, role="rowheader"),
        *(_cell(text, class_) for text, class_ in cells),
        role="row",
    )


def _cell(text: str, class_: str = "") -> Markup:
    return element("td", text, class_=class_ or None, role="cell")


def _table(
    caption: str,
    heads: Iterable[str],
    rows: list[Markup],
    *,
    empty: str,
    class_: str | None = None,
) -> Markup:
    if not rows:
        return element("p", empty, class_="empty")
    return element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *map(_head, heads), role="row"), role="rowgroup"),
        element("tbody", *rows, role="rowgroup"),
        class_=class_,
        role="table",
    )


def _head(text: str) -> Markup:
    """A column's head; one that begins with # stands over numbers."""
    class_ = "number" if text.startswith("#") else None
    return element("th", text.removeprefix("#"), scope="col", role="columnheader", class_=class_)


def _more(hidden: int, what: str) -> Markup | None:
    if hidden <= 0:
        return None
    text = f"and {hidden:,} more" if what == "more" else f"and {count(hidden, what)}"
    return element("p", text, class_="more")
