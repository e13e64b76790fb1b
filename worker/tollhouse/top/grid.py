"""Columns of plain text: what may be broken or cut in a narrow terminal, and what may not."""

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

__all__ = ["grid", "visible"]

_SHRINKING = ("who", "what", "why", "tenant", "waits")


def grid(
    heads: Sequence[str], rows: Iterable[tuple[str, ...]], *, lines: int | None = None
) -> Table:
    """Return a table of texts, which are never read as markup; # begins a head over numbers.

    lines: 1 cuts what is too long, instead of breaking it
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    texts = [[visible(cell) for cell in row] for row in rows]
    for place, head in enumerate(heads):
        table.add_column(
            head.removeprefix("#"),
            justify="right" if head.startswith("#") else "left",
            no_wrap=head not in _SHRINKING,
            min_width=None if head in _SHRINKING else min(36, _widest(texts, place)),
        )
    wraps = [head == "why" and lines != 1 for head in heads]
    for row in texts:
        cells = zip(row, wraps, strict=True)
        table.add_row(*(Text(text, no_wrap=not wrap, overflow="ellipsis") for text, wrap in cells))
    return table


def _widest(texts: list[list[str]], place: int) -> int:
    return max((len(row[place]) for row in texts), default=0)


def visible(text: str) -> str:
    """Keep a reason from steering the terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
