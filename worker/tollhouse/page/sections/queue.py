"""Who waits? The calls that are not finished, by tenant."""

from tollhouse.page.markup import Markup, joined
from tollhouse.page.sections.parts import more, row, table
from tollhouse.page.snapshot import Snapshot
from tollhouse.page.words import age

__all__ = ["queue"]


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
    heads = ("Tenant", "#In line", "#Oldest", "#Running", "#Later")
    return joined(
        table("Calls that are not finished", heads, rows, empty="The queue is empty."),
        more(hidden, "more tenant"),
    )
