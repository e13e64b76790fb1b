"""Calls a minute: the numbers beside the chart, for those who don't see it."""

from tollhouse.page.markup import Markup
from tollhouse.page.sections.parts import row, table
from tollhouse.page.snapshot import Snapshot

__all__ = ["minutes"]

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
    return table("Calls by the minute, UTC", heads, rows, empty="No call in the last hour.")
