"""The last calls: who asked, how it ended and why."""

from tollhouse.page.markup import Markup, element
from tollhouse.page.rows import Call
from tollhouse.page.sections.parts import cell, table
from tollhouse.page.snapshot import Snapshot
from tollhouse.page.words import clock, guard, milliseconds, money, person

__all__ = ["calls"]

_LEVELS = {"success": "good", "blocked": "warn", "failed": "bad"}


def calls(snapshot: Snapshot) -> Markup:
    """Render the section."""
    rows = [_row(call) for call in snapshot.calls]
    heads = ("Ended", "Who", "Call", "Outcome", "Why", "#Cost", "#Took")
    return table("The last calls", heads, rows, empty="No call was made yet.", class_="calls")


def _row(call: Call) -> Markup:
    at, who = call.finished_at, person(call.tenant_id, call.user_id)
    label = guard(call.blocked_reason) if call.blocked_reason else call.status
    return element(
        "tr",
        cell(element("time", clock(at), datetime=at.isoformat(timespec="seconds"))),
        cell(element("span", who, title=who), "who"),
        element(
            "th",
            call.endpoint,
            " ",
            element("span", call.request_id, title=call.request_id),
            scope="row",
            role="rowheader",
        ),
        cell(element("span", label, class_=f"chip {_LEVELS.get(call.status, 'muted')}")),
        cell(call.why, "why"),
        cell(money(call.cost_micro_usd), "number"),
        cell(milliseconds(call.latency_ms), "number took"),
        role="row",
    )
