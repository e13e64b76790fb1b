"""Writes both files."""

from pathlib import Path

from tollhouse.demo.make_data import make_deliveries, make_table, table_csv, to_jsonl

__all__: list[str] = []

folder = Path(__file__).parents[1] / "data"
table = make_table()
(folder / "weekly_sales.csv").write_text(table_csv(table), encoding="utf-8", newline="")
deliveries = to_jsonl(make_deliveries(table))
(folder / "requests.jsonl").write_text(deliveries, encoding="utf-8", newline="")
