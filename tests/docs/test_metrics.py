"""docs/ops/METRICS.md lists exactly what /metrics exposes."""

import re
from pathlib import Path
from typing import get_args

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from tollhouse.providers import OutcomeName
from tollhouse.worker.metrics import Metrics

TEXT = (Path(__file__).parents[2] / "docs" / "ops" / "METRICS.md").read_text(encoding="utf-8")
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
