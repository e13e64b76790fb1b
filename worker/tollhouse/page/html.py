"""The page as HTML: one function for each section, the whole, and what page.js fetches."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from psycopg.sql import SQL

from tollhouse import __version__
from tollhouse.page.markup import Markup, element, joined
from tollhouse.page.snapshot import Overrun, Refusal, Snapshot, Spend, Stop
from tollhouse.page.stops import ending, kind, runbook, what, why
from tollhouse.page.verdict import judge, refused_now, stop_count
from tollhouse.page.words import (
    Run,
    age,
    clock,
    count,
    guard,
    milliseconds,
    money,
    person,
    runs,
    times,
)

__all__ = ["SECTIONS", "live", "page"]


def figure(value: str, text: str, *, level: str | None = None) -> Markup:
    """The section's answer, large, and what it means; a verdict's level colors it."""
    class_ = f"figure {level}" if level else "figure"
    return element("p", element("strong", value), " ", element("span", text), class_=class_)


def row(head: tuple[str, str], *cells: tuple[str, str]) -> Markup:
    """A row of texts, each with its class; the first is the row's head."""
    text, class_ = head
    return element(
        "tr",
        element("th", cut(text), scope="row", class_=class_, role="rowheader"),
        *(cell(text, class_) for text, class_ in cells),
        role="row",
    )


def cell(text: str, class_: str = "") -> Markup:
    """One cell of a row."""
    return element("td", text, class_=class_ or None, role="cell")


def cut(text: str) -> Markup:
    """A name on two lines at most; its title has all of it."""
    return element("span", text, title=text, class_="cut")


def table(
    caption: str,
    heads: Iterable[str],
    rows: list[Markup],
    *,
    empty: str,
    class_: str | None = None,
) -> Markup:
    """A table, or a sentence when there are no rows. A head that begins with # is over numbers."""
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


def more(hidden: int, what: str) -> Markup | None:
    """How many are not shown; None when all are."""
    if hidden <= 0:
        return None
    text = f"and {hidden:,} more" if what == "more" else f"and {count(hidden, what)}"
    return element("p", text, class_="more")


def _head(text: str) -> Markup:
    class_ = "number" if text.startswith("#") else None
    return element("th", text.removeprefix("#"), scope="col", role="columnheader", class_=class_)


def up(snapshot: Snapshot) -> Markup:
    """Render the section."""
    now = snapshot.look.at
    verdict = judge(snapshot)
    rows = [
        row(
            (worker.name.removeprefix("tollhouse-worker "), "name"),
            ("alive" if worker.alive else "lease expired", "" if worker.alive else "bad"),
            (f"{worker.holds} of {worker.capacity}", "number"),
            (age(worker.started_at, now), "number"),
        )
        for worker in snapshot.workers[:4]
    ]
    return joined(
        figure(
            verdict.word,
            f"since {clock(now)} UTC" if snapshot.problem else _busy(snapshot),
            level=verdict.level,
        ),
        element("dl", *(_fact(term, text) for term, text in _facts(snapshot)), class_="facts"),
        table("Workers", ("Worker", "Lease", "#In flight", "#Up for"), rows, empty="No workers."),
        more(len(snapshot.workers) - len(rows), "worker"),
    )


def _busy(snapshot: Snapshot) -> str:
    alive = sum(worker.alive for worker in snapshot.workers)
    queued, running = 0, 0
    if snapshot.queue:
        queued, running = snapshot.queue[0].all_queued, snapshot.queue[0].all_running
    return f"{count(alive, 'worker')}; {running:,} running, {queued:,} queued"


def _facts(snapshot: Snapshot) -> tuple[tuple[str, str], ...]:
    now = snapshot.look.at
    last = max(snapshot.calls, key=lambda call: call.finished_at, default=None)
    ended = f"{last.status}, {age(last.finished_at, now)} ago" if last else "none yet"
    oldest = min((each.oldest_since for each in snapshot.queue if each.oldest_since), default=None)
    tried = next((each for each in snapshot.latencies if not each.provider), None)
    return (
        ("Longest wait", age(oldest, now) if oldest else "nobody is waiting"),
        ("Last outcome", ended),
        (
            "Failed, 1 h",
            f"{tried.failed:,} of {tried.attempts:,} attempts" if tried else "no attempts",
        ),
        ("Database", f"PostgreSQL {snapshot.look.server.split()[0]}, {snapshot.read_ms} ms"),
    )


def _fact(term: str, text: str) -> Markup:
    return element("div", element("dt", term), element("dd", text))


def cost(snapshot: Snapshot) -> Markup:
    """Render the section."""
    total = snapshot.total
    rows = [_spend(spend) for spend in snapshot.spends[:5]]
    overruns = [_overrun(overrun, snapshot.look.at) for overrun in snapshot.overruns]
    hidden = len(snapshot.spends) - len(rows)
    if snapshot.spends:
        hidden += max(0, snapshot.spends[0].others)
    return joined(
        figure(
            money(total.month_micro_usd), f"this month; {money(total.hour_micro_usd)} this hour"
        ),
        element("ul", *overruns, class_="stops") if overruns else None,
        table(
            "Spend this month against caps",
            ("Tenant", "Share of the cap", "#Spent", "#This hour"),
            rows,
            empty="Nothing spent yet.",
        ),
        more(hidden, "more"),
    )


def _overrun(overrun: Overrun, now: datetime) -> Markup:
    left = age(now, overrun.until)
    said = f"one call was billed {times(overrun.highest)} times the most it can cost; "
    if overrun.factor is None:
        said += "no other was billed too much"
    else:
        said += f"each call reserves {times(overrun.factor)} times that much ({left} left)"
    return element(
        "li",
        element("span", "bills too much", class_="chip warn"),
        " ",
        element("strong", overrun.model),
        element("small", said),
        element(
            "details",
            element("summary", "Runbook TollhouseModelOverrun, and how to end it"),
            element(
                "code",
                SQL("select tollhouse_ops.forget_overrun({}, 'why')")
                .format(overrun.model)
                .as_string(),
            ),
        ),
    )


def _spend(spend: Spend) -> Markup:
    who = person(spend.tenant_id, spend.user_id)
    return element(
        "tr",
        element("th", cut(who), scope="row", class_="name", role="rowheader"),
        element("td", _gauge(spend), class_="gauge", role="cell"),
        cell(_of_cap(spend), "number"),
        cell(money(spend.hour_micro_usd), "number"),
        role="row",
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


def blocked(snapshot: Snapshot) -> Markup:
    """Render the section."""
    now = snapshot.look.at
    stops = snapshot.stops
    total = stop_count(snapshot)
    refused = sum(refusal.calls for refusal in snapshot.refusals)
    if stops:
        who, what = count(total, "stop"), "in force"
    elif refused_now(snapshot):
        who, what = "Some calls", "are refused"
    else:
        who, what = "Nobody", "is blocked"
    return joined(
        figure(
            who,
            f"{what}; {refused:,} refused in the last hour",
            level="up" if who == "Nobody" else "stopped",
        ),
        element("ul", *(_stop(stop, now) for stop in stops[:4]), class_="stops") if stops else None,
        more(total - min(4, len(stops)), "more"),
        table(
            "Refusals in the last hour, by guard",
            ("Refused by", "#Calls", "Tenant", "#Last"),
            [_refusal(refusal, now) for refusal in snapshot.refusals[:5]],
            empty="No calls refused in the last hour.",
        ),
    )


def _stop(stop: Stop, now: datetime) -> Markup:
    times = [f"for {age(stop.since, now)}"] if stop.since else []
    if stop.until:
        left = age(now, stop.until)
        times.append(f"{left} left" if stop.until > now else "the next call is the probe")
    return element(
        "li",
        element("span", kind(stop), class_="chip warn"),
        " ",
        element("strong", what(stop)),
        element("small", why(stop), f" ({', '.join(times)})" if times else None),
        element(
            "details",
            element("summary", f"Runbook {runbook(stop)}, and how to end it"),
            element("code", ending(stop)),
        ),
    )


def _refusal(refusal: Refusal, now: datetime) -> Markup:
    others = f" +{refusal.tenant_count - 1}" if refusal.tenant_count > 1 else ""
    return row(
        (guard(refusal.reason), "name"),
        (f"{refusal.calls:,}", "number"),
        (cut(refusal.tenants[0] + others), "whose"),
        (f"{age(refusal.last_at, now)} ago", "number"),
    )


_MINUTES = 10


def minutes(snapshot: Snapshot) -> Markup:
    """Render the section."""
    rows = [
        row(
            (f"{minute.minute:%H:%M}", "name"),
            *(
                (f"{number:,}", "number")
                for number in (minute.answered, minute.cached, minute.refused, minute.failed)
            ),
        )
        for minute in snapshot.minutes[-_MINUTES:]
    ]
    heads = ("Minute", "#Answered", "#Cached", "#Refused", "#Failed")
    return table("Calls per minute, UTC", heads, rows, empty="No calls in the last hour.")


def latency(snapshot: Snapshot) -> Markup:
    """Render the section."""
    rows = [
        row(
            (found.provider or "all providers", "name"),
            (milliseconds(found.p50_ms), "number"),
            (milliseconds(found.p95_ms), "number"),
            (milliseconds(found.p99_ms), "number"),
            (f"{found.failed:,} of {found.attempts:,}", "number"),
        )
        for found in snapshot.latencies[:3]
    ]
    heads = ("Provider", "#p50", "#p95", "#p99", "#Failed")
    return table(
        "Latency in the last hour, by provider", heads, rows, empty="No attempts in the last hour."
    )


def queue(snapshot: Snapshot) -> Markup:
    """Render the section."""
    now = snapshot.look.at
    rows = [
        row(
            (waiting.tenant_id, "name"),
            (f"{waiting.queued:,}", "number"),
            (age(waiting.oldest_since, now), "number"),
            (f"{waiting.running:,}", "number"),
            (f"{waiting.later + waiting.shared:,}", "number"),
        )
        for waiting in snapshot.queue
    ]
    hidden = snapshot.queue[0].tenants - len(rows) if snapshot.queue else 0
    heads = ("Tenant", "#Queued", "#Oldest", "#Running", "#Later")
    return joined(
        table("Unfinished calls", heads, rows, empty="The queue is empty."),
        more(hidden, "more tenant"),
    )


_LEVELS = {"success": "good", "blocked": "warn", "failed": "bad"}


def calls(snapshot: Snapshot) -> Markup:
    """Render the section."""
    rows = [_run(run) for run in runs(snapshot.calls)]
    heads = ("Ended", "Who", "Call", "Outcome", "Why", "#Cost", "#Took")
    return table("The latest calls", heads, rows, empty="No calls yet.", class_="calls")


def _run(run: Run) -> Markup:
    call, at = run.last, run.last.finished_at
    return element(
        "tr",
        cell(element("time", clock(at), datetime=at.isoformat(timespec="seconds"))),
        cell(cut(run.who), "who"),
        element(
            "th",
            call.endpoint,
            " ",
            cut(call.request_id),
            scope="row",
            role="rowheader",
        ),
        cell(element("span", run.outcome, class_=f"chip {_LEVELS.get(call.status, 'muted')}")),
        cell(call.why, "why"),
        cell(money(run.cost_micro_usd), "number"),
        cell(milliseconds(call.latency_ms), "number took"),
        role="row",
    )


SECTIONS = {
    "up": up,
    "cost": cost,
    "blocked": blocked,
    "latency": latency,
    "queue": queue,
    "calls": calls,
    "minutes": minutes,
}
"""Renderers by the id of the element that they fill."""


_SECONDS_WITHOUT_SCRIPT = 5
_CHART_MINUTES = 60
_CARDS = (
    ("up", "Is it up?", "three"),
    ("cost", "What does it cost?", "five"),
    ("blocked", "Who is blocked, and why?", "four"),
    ("minutes", "Calls per minute, last hour", "five chart"),
    ("latency", "How long do answers take? Last hour", "four"),
    ("queue", "Who is waiting?", "three"),
    ("calls", "The latest calls", "whole"),
)
_ENDS = ("failed", "refused", "cached", "answered")
_CHARTS = {"minutes": "calls-chart", "latency": "latency-chart"}


def page(snapshot: Snapshot | None, problem: str | None = None) -> str:
    """Render the whole page; without JavaScript it shows everything and loads itself again."""
    verdict = judge(snapshot, problem)
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="robots", content="noindex"),
        element("title", f"{verdict.word} · Tollhouse"),
        element("link", rel="icon", type="image/svg+xml", href="/page/icon.svg"),
        element("link", rel="stylesheet", href="/page/uPlot-1.6.32.min.css"),
        element("link", rel="stylesheet", href="/page/page.css"),
        element(
            "noscript",
            element("meta", http_equiv="refresh", content=str(_SECONDS_WITHOUT_SCRIPT)),
        ),
        element("script", Markup(), src="/page/uPlot-1.6.32.min.js", defer=True),
        element("script", Markup(), src="/page/page.js", defer=True),
    )
    body = element(
        "body",
        element("a", "Skip to the numbers", href="#numbers", class_="skip"),
        element(
            "header",
            element("h1", "Tollhouse"),
            element("p", *_status(snapshot, problem), id="status", role="status"),
            element("p", _time(snapshot), id="time"),
        ),
        element("main", *(_card(*card, snapshot) for card in _CARDS), id="numbers", tabindex=-1),
        element(
            "footer",
            element("p", f"Tollhouse {__version__}. Read-only. Times and months are UTC."),
        ),
    )
    whole = element("html", head, body, lang="en", class_="stale" if problem else None)
    return f"<!doctype html>\n{whole}\n"


def live(snapshot: Snapshot | None, problem: str | None = None) -> dict[str, Any]:
    """Return what page.js puts into the page: HTML by element id, and numbers for the charts."""
    sections: dict[str, str] = {}
    if snapshot is not None:
        sections = {name: render(snapshot) for name, render in SECTIONS.items()}
    return {
        "title": f"{judge(snapshot, problem).word} · Tollhouse",
        "status": joined(*_status(snapshot, problem)),
        "time": _time(snapshot),
        "fresh": problem is None,
        "sections": sections,
        "charts": _charts(snapshot),
    }


def _status(snapshot: Snapshot | None, problem: str | None) -> tuple[str, ...]:
    verdict = judge(snapshot, problem)
    return (element("strong", verdict.word, class_=f"chip {verdict.level}"), " ", verdict.sentence)


def _time(snapshot: Snapshot | None) -> str:
    return "no numbers yet" if snapshot is None else f"as of {clock(snapshot.look.at)} UTC"


def _card(name: str, title: str, place: str, snapshot: Snapshot | None) -> Markup:
    content = SECTIONS[name](snapshot) if snapshot else element("p", "Unknown.", class_="empty")
    chart = _CHARTS.get(name)
    return element(
        "section",
        element("h2", title, id=f"{name}-title"),
        element("div", Markup(), id=chart, class_="plot", aria_hidden="true") if chart else None,
        element("div", content, id=name, class_="live"),
        class_=f"card {place}",
        aria_labelledby=f"{name}-title",
    )


def _charts(snapshot: Snapshot | None) -> dict[str, list[list[int | None]]]:
    if snapshot is None:
        return {}
    last = snapshot.look.at.replace(second=0, microsecond=0)
    times = [last - timedelta(minutes=back) for back in range(_CHART_MINUTES - 1, -1, -1)]
    stamps: list[int | None] = [int(at.timestamp()) for at in times]
    calls = {row.minute: row for row in snapshot.minutes}
    answers = {row.minute: row for row in snapshot.latency_minutes}
    # Stacked: each row of bars stands on those that follow it.
    counts: list[list[int | None]] = [
        [sum(getattr(calls[at], name) for name in names) if at in calls else 0 for at in times]
        for names in (_ENDS, _ENDS[1:], _ENDS[2:], _ENDS[3:])
    ]
    percentiles: list[list[int | None]] = [
        [getattr(answers[at], name) if at in answers else None for at in times]
        for name in ("p50_ms", "p95_ms", "p99_ms")
    ]
    return {"calls-chart": [stamps, *counts], "latency-chart": [stamps, *percentiles]}
