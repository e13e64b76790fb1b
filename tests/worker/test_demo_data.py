"""The demo's committed files match the generator's output and suit the story."""

import json
from collections import Counter
from importlib.resources import files

from tollhouse_demo import make_data
from tollhouse_demo.inputs import load_deliveries, load_table


def test_the_files_are_what_the_generator_makes() -> None:
    """`python -m tollhouse_demo.make_data` changes nothing."""
    data = files("tollhouse_demo").joinpath("data")
    table = make_data.make_table()
    assert data.joinpath("weekly_sales.csv").read_text() == make_data.table_csv(table)
    requests = make_data.to_jsonl(make_data.make_deliveries(table))
    assert data.joinpath("requests.jsonl").read_text() == requests
    assert load_table() == tuple(table)


def test_every_request_quotes_rows_of_the_table() -> None:
    """Each prompt holds spend and sales of its own company's weeks."""
    rows: dict[str, set[str]] = {}
    for row in load_table():
        rows.setdefault(row.tenant, set()).update((str(row), row.brief))
    for delivery in load_deliveries():
        text = json.dumps(delivery.request, ensure_ascii=False)
        assert any(quoted in text for quoted in rows[delivery.tenant]), delivery.request_id
        assert 200 <= len(text) <= 1500, delivery.request_id


def test_all_endpoints_repeats_and_redeliveries_are_there() -> None:
    """The cache, the watermark and idempotency are each exercised."""
    deliveries = load_deliveries()
    asked = Counter(
        (d.tenant, json.dumps(d.request)) for d in {d.request_id: d for d in deliveries}.values()
    )
    assert {d.endpoint for d in deliveries} == set(make_data.QUESTIONS)
    assert sum(count - 1 for count in asked.values()) > 40
    assert len({d.watermark for d in deliveries}) == 2
    assert 0 < len(deliveries) - len({d.request_id for d in deliveries}) < 10


def test_a_redelivery_is_the_same_request() -> None:
    """One user's request id never stands for two requests, which enqueue would refuse."""
    known: dict[tuple[str, str, str, str], object] = {}
    for delivery in load_deliveries():
        key = (delivery.tenant, delivery.user, delivery.endpoint, delivery.request_id)
        assert known.setdefault(key, delivery) == delivery
