"""What does it cost? This month and this hour, and who has spent how much of a cap."""

from datetime import datetime

from psycopg.sql import SQL

from tollhouse.page.markup import Markup, element, joined
from tollhouse.page.rows import Overrun, Spend
from tollhouse.page.sections.parts import cell, cut, figure, more, table
from tollhouse.page.snapshot import Snapshot
from tollhouse.page.words import age, money, person, times

__all__ = ["cost"]


def cost(snapshot: Snapshot) -> Markup:
    """Render the section."""
    total = snapshot.total
    rows = [_row(spend) for spend in snapshot.spends[:5]]
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
            "Spend of this month against caps",
            ("Tenant", "Share of the cap", "#Spent", "#This hour"),
            rows,
            empty="Nothing was spent yet.",
        ),
        more(hidden, "more"),
    )


def _overrun(overrun: Overrun, now: datetime) -> Markup:
    left = age(now, overrun.until)
    said = f"a call was billed {times(overrun.highest)} times what it can cost; "
    if overrun.factor is None:
        said += "no other was"
    else:
        said += f"each reserves {times(overrun.factor)} times as much ({left} left)"
    return element(
        "li",
        element("span", "bills too much", class_="chip warn"),
        " ",
        element("strong", overrun.model),
        element("small", said),
        element(
            "details",
            element("summary", "Runbook TollhouseModelOverrun, and what ends it"),
            element(
                "code",
                SQL("select tollhouse_ops.forget_overrun({}, 'why')")
                .format(overrun.model)
                .as_string(),
            ),
        ),
    )


def _row(spend: Spend) -> Markup:
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
