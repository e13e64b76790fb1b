"""What every Python module of worker/ keeps to: rule → problems."""

import re
from collections.abc import Callable, Iterator

LONGEST = 150
# Longer than that, each for its reason, and up to 190 lines.
LONGER = {
    "mock_provider/faults": "a rule: how it is read, what it matches, what it does",
    "providers/openai": "one call, from its request to its outcome",
    "worker/loop": "one round, from what is free to what was claimed",
}


def length(module: str, source: str) -> Iterator[str]:
    """A module fits a reader's head; what grows is cut along a noun."""
    if (lines := source.count("\n")) > (190 if module in LONGER else LONGEST):
        yield f"{lines} lines"


def exports(module: str, source: str) -> Iterator[str]:
    """What others may import is listed; a `__main__` is run, not imported."""
    listed = re.search(r"^__all__\b.* = ", source, re.MULTILINE)
    if not listed and not module.endswith("__main__"):
        yield "no __all__"


RULES: tuple[Callable[[str, str], Iterator[str]], ...] = (length, exports)
