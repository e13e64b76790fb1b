"""The page as HTML, and its live parts as what page.js fetches."""

from datetime import timedelta
from typing import Any

from tollhouse import __version__
from tollhouse.page.markup import Markup, element, joined
from tollhouse.page.sections import SECTIONS
from tollhouse.page.snapshot import Snapshot
from tollhouse.page.verdict import judge
from tollhouse.page.words import clock

__all__ = ["live", "page"]

_SECONDS_WITHOUT_SCRIPT = 5
_CHART_MINUTES = 60
_CARDS = (
    ("up", "Is it up?", "three"),
    ("cost", "What does it cost?", "five"),
    ("blocked", "Who is blocked, and why?", "four"),
    ("minutes", "Calls a minute, last hour", "five chart"),
    ("latency", "How long do answers take? Last hour", "four"),
    ("queue", "Who waits?", "three"),
    ("calls", "The last calls", "whole"),
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
            element("p", f"Tollhouse {__version__}. Read-only; times are UTC, months too."),
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
    content = SECTIONS[name](snapshot) if snapshot else element("p", "Not known.", class_="empty")
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
