"""HTML by function calls: every text is escaped, unless it is markup already."""

from html import escape

__all__ = ["Markup", "element", "joined"]

_VOID = {"meta", "link", "br", "rect", "line"}


class Markup(str):
    """Text that is safe as it stands; only this module makes it."""

    __slots__ = ()


def element(
    tag: str, *children: str | None, **attributes: str | int | float | bool | None
) -> Markup:
    """Return one element. `class_` is class, `aria_label` aria-label; False and None are void."""
    text = "".join(_attribute(name, value) for name, value in attributes.items())
    if tag in _VOID:
        return Markup(f"<{tag}{text}>" if tag not in {"rect", "line"} else f"<{tag}{text}/>")
    return Markup(f"<{tag}{text}>{joined(*children)}</{tag}>")


def joined(*children: str | None) -> Markup:
    """Return several pieces as one; plain text is escaped."""
    return Markup(
        "".join(
            child if isinstance(child, Markup) else escape(child, quote=True)
            for child in children
            if child is not None
        )
    )


def _attribute(name: str, value: str | float | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = name.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value), quote=True)}"'
