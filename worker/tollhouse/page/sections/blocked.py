"""Who is blocked, and why? What is stopped now, and who refused calls in the last hour."""

from datetime import datetime

from tollhouse.page.call_rows import Refusal
from tollhouse.page.markup import Markup, element, joined
from tollhouse.page.rows import Stop
from tollhouse.page.sections.parts import cut, figure, more, row, table
from tollhouse.page.snapshot import Snapshot
from tollhouse.page.stops import ending, kind, runbook, what, why
from tollhouse.page.verdict import refused_now, stop_count
from tollhouse.page.words import age, count, guard

__all__ = ["blocked"]


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
        who, what = "Nobody", "is stopped"
    return joined(
        figure(
            who,
            f"{what}; {refused:,} refused in the last hour",
            level="up" if who == "Nobody" else "stopped",
        ),
        element("ul", *(_stop(stop, now) for stop in stops[:4]), class_="stops") if stops else None,
        more(total - min(4, len(stops)), "more"),
        table(
            "Refusals of the last hour by guard",
            ("Refused by", "#Calls", "Whose", "#Last"),
            [_refusal(refusal, now) for refusal in snapshot.refusals[:5]],
            empty="No call of the last hour was refused.",
        ),
    )


def _stop(stop: Stop, now: datetime) -> Markup:
    times = [f"for {age(stop.since, now)}"] if stop.since else []
    if stop.until:
        left = age(now, stop.until)
        times.append(f"{left} left" if stop.until > now else "next call probes")
    return element(
        "li",
        element("span", kind(stop), class_="chip warn"),
        " ",
        element("strong", what(stop)),
        element("small", why(stop), f" ({', '.join(times)})" if times else None),
        element(
            "details",
            element("summary", f"Runbook {runbook(stop)}, and what ends it"),
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
