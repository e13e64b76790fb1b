"""What every Python module of worker/ keeps to: rule → problems."""

import re
from collections.abc import Callable, Iterator


def exports(module: str, source: str) -> Iterator[str]:
    """What others may import is listed; a `__main__` is run, not imported."""
    listed = re.search(r"^__all__\b.* = ", source, re.MULTILINE)
    if not listed and not module.endswith("__main__"):
        yield "no __all__"


RULES: tuple[Callable[[str, str], Iterator[str]], ...] = (exports,)
