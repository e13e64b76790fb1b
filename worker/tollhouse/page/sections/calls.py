"""The last calls: who asked, how it ended and why."""

from tollhouse.page.markup import Markup, element
from tollhouse.page.runs import Run, runs
from tollhouse.page.sections.parts import cell, cut, table
from tollhouse.page.snapshot import Snapshot
from tollhouse.page.words import clock, milliseconds, money

__all__ = ["calls"]

_LEVELS = {"success": "good", "blocked": "warn", "failed": "bad"}


def calls(snapshot: Snapshot) -> Markup:
    """Render the section."""
    rows = [_row(run) for run in runs(snapshot.calls)]
    heads = ("Ended", "Who", "Call", "Outcome", "Why", "#Cost", "#Took")
    return table("The last calls", heads, rows, empty="No call was made yet.", class_="calls")


def _row(run: Run) -> Markup:
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
