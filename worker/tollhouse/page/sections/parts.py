"""What sections are made of: a figure, a table and its rows, what is not shown."""

from collections.abc import Iterable

from tollhouse.page.markup import Markup, element
from tollhouse.page.words import count

__all__ = ["cell", "cut", "figure", "more", "row", "table"]


def figure(value: str, text: str, *, level: str | None = None) -> Markup:
    """The section's answer, large, and what it means; a level of a verdict colours it."""
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
    """A name that takes two lines at most; all of it is in its title."""
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
    """How many are not shown; nothing when all are."""
    if hidden <= 0:
        return None
    text = f"and {hidden:,} more" if what == "more" else f"and {count(hidden, what)}"
    return element("p", text, class_="more")


def _head(text: str) -> Markup:
    class_ = "number" if text.startswith("#") else None
    return element("th", text.removeprefix("#"), scope="col", role="columnheader", class_=class_)
