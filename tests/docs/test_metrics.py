"""docs/ops/METRICS.md lists exactly what /metrics exposes."""

import re
from pathlib import Path
from typing import get_args

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from tollhouse.providers import OutcomeName
from tollhouse.worker.metrics import Metrics

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md")),
    *(path for path in ROOT.glob("docs/**/*") if path.suffix in {".md", ".yml", ".json"}),
]
TEXT = (ROOT / "docs" / "ops" / "METRICS.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| (.*?) ?\| \w+ \| (.*?) \|$", re.MULTILINE)


def exposed() -> set[tuple[str, str, tuple[str, ...], str]]:
    """Return name, kind, labels and help of every metric, read from what the endpoint answers."""
    metrics = Metrics()
    labels: dict[str, tuple[str, ...]] = {}
    for metric in vars(metrics).values():
        names = getattr(metric, "_labelnames", None)
        if names is not None:
            labels[metric.describe()[0].name] = tuple(names)
            if names:
                metric.labels(*("x" for _ in names))
    families = text_string_to_metric_families(generate_latest(metrics.registry).decode())
    return {
        (
            f"{family.name}_total" if family.type == "counter" else family.name,
            family.type,
            labels[family.name],
            family.documentation,
        )
        for family in families
        if not family.name.endswith("_created")
    }


def test_the_list_is_what_is_exposed() -> None:
    """Name, kind, labels and words of every metric, none missing and none too many."""
    listed = {
        (name, kind, tuple(re.findall(r"`(\w+)`", labels)), words)
        for name, kind, labels, words in ROW.findall(TEXT)
    }
    assert exposed() == listed


def test_the_outcomes_are_all_there() -> None:
    """The values of the label that matters most."""
    sentence = TEXT.partition("`outcome` is one of")[2].partition(".")[0]
    assert list(get_args(OutcomeName)) == re.findall(r"`(\w+)`", sentence)


def test_the_questions_ask_for_what_exists() -> None:
    """Every name in a query is a metric, or a histogram's part."""
    names = {name for name, *_ in exposed()}
    asked = re.findall(
        r"tollhouse_\w+", "".join(re.findall(r"```promql\n(.*?)```", TEXT, re.DOTALL))
    )
    assert asked
    for name in asked:
        assert re.sub(r"_(bucket|sum|count)$", "", name) in names


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_document_names_another(path: Path) -> None:
    """Nor does a pattern that a runbook greps for: `…_(one|other)`."""
    names = {name for name, *_ in exposed()}
    text = path.read_text(encoding="utf-8")
    for one, several in re.findall(r"tollhouse_worker_(?:(\w+)|\(([\w|]+)\))", text):
        for rest in several.split("|") if several else [one]:
            assert re.sub(r"_(bucket|sum|count)$", "", f"tollhouse_worker_{rest}") in names
