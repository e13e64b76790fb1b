"""docs/ops/grafana.json: every query runs as a monitor, and every panel has a place."""

import itertools
import json
import re
from pathlib import Path
from typing import Any

from tests.page.test_content import AN_HOUR, CATALOG
from tests.support.database import Database

DASHBOARD = json.loads(
    (Path(__file__).parents[2] / "docs" / "ops" / "grafana.json").read_text(encoding="utf-8")
)
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
FILTER = re.compile(r"\$__timeFilter\(([\w.]+)\)")
FILLED_BY_AN_HOUR = {
    "Calls per minute by outcome",
    "Answer latency",
    "Spend by hour and tenant",
    "Budgets: spend, cap and projection",
    "What stops calls now",
    "Refusals, last 24 hours",
    "Providers, last 24 hours",
    "Latest calls",
    "Workers",
}


def expanded(raw: str) -> bytes:
    """Fill in Grafana's macro, as the data source does."""
    query = FILTER.sub(r"\1 between now() - interval '6 hours' and now()", raw)
    assert "$" not in query, "a macro that is not known here"
    return query.encode()


def test_every_query_runs_as_a_monitor(database: Database) -> None:
    """On each supported server; panels over finished calls have rows; time series have a time."""
    database.rows("select tollhouse_worker.register(gen_random_uuid(), 'w1', 8, '1')")
    with database.connect("postgres") as connection:
        connection.execute(CATALOG.encode())
        connection.execute(AN_HOUR)
    with database.connect("th_monitor") as monitor:
        monitor.execute("set default_transaction_read_only = on")
        for panel in PANELS:
            for target in panel["targets"]:
                cursor = monitor.execute(expanded(target["rawSql"]))
                rows = cursor.fetchall()
                if panel["type"] == "stat" or panel["title"] in FILLED_BY_AN_HOUR:
                    assert rows, panel["title"]
                columns = [column.name for column in cursor.description or ()]
                assert (target["format"] == "time_series") == (columns[0] == "time")
                assert target["rawQuery"] is True


def test_nothing_is_bound_to_one_installation() -> None:
    """The data source is chosen in a variable, and ids are not twice."""
    (variable,) = DASHBOARD["templating"]["list"]
    assert variable["query"] == "grafana-postgresql-datasource"
    sources = [panel["datasource"] for panel in PANELS]
    sources += [target["datasource"] for panel in PANELS for target in panel["targets"]]
    assert {source["uid"] for source in sources} == {"${datasource}"}
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)


def test_no_panel_covers_another() -> None:
    """The grid is 24 wide."""
    for one, other in itertools.combinations([panel["gridPos"] for panel in PANELS], 2):
        assert one["x"] + one["w"] <= 24
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above


def test_every_panel_has_a_title_and_its_units() -> None:
    """A chart or figure in its defaults; a table for each column whose name tells a unit."""
    units = {"usd": "currencyUSD", "ms": "ms", "seconds": "s", "percent": "percent"}
    assert all(panel["title"] for panel in PANELS)
    for panel in PANELS:
        if panel["type"] != "table":
            assert panel["fieldConfig"]["defaults"]["unit"]
            continue
        overrides = panel["fieldConfig"]["overrides"]
        for column in re.findall(
            r"\b\w+_(?:usd|ms|seconds|percent)\b", panel["targets"][0]["rawSql"]
        ):
            if "micro" in column:
                continue
            suffix = column.rpartition("_")[2]
            given = {
                setting["value"]
                for override in overrides
                if override["matcher"]["options"] in (column, f"/_{suffix}$/")
                for setting in override["properties"]
                if setting["id"] == "unit"
            }
            assert given == {units[suffix]}, (panel["title"], column)
