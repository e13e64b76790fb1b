"""What every Python module of worker/ keeps to: rule → problems."""

import re
from collections.abc import Callable, Iterator

LONGEST = 150
# Longer than that, each for its reason, and up to 230 lines.
LONGER = {
    "db": "one method for each function that the worker calls",
    "mock_provider/faults": "a rule: how it is read, what it matches, what it does",
    "providers/openai": "one call, from its request to its outcome",
    "settings": "one variable after another, each with its check",
    "worker/app": "every part of a worker, wired in one place",
    "worker/flusher": "one batch, from the first result to what becomes of a refused one",
    "worker/inflight": "one call, from its start to its result, however it is aborted",
    "worker/lease": "one lease, from its registration to its end",
    "worker/loop": "one round, from what is free to what was claimed",
}


def length(module: str, source: str) -> Iterator[str]:
    """A module fits a reader's head; what grows is cut along a noun."""
    if (lines := source.count("\n")) > (230 if module in LONGER else LONGEST):
        yield f"{lines} lines"


def exports(module: str, source: str) -> Iterator[str]:
    """What others may import is listed; a `__main__` is run, not imported."""
    listed = re.search(r"^__all__\b.* = ", source, re.MULTILINE)
    if not listed and not module.endswith("__main__"):
        yield "no __all__"


RULES: tuple[Callable[[str, str], Iterator[str]], ...] = (length, exports)
