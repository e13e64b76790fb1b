"""Makes the files in data/: `python -m tollhouse.demo.make_data`. The same ones every time."""

from tollhouse.demo.make_data.deliveries import make_deliveries, to_jsonl
from tollhouse.demo.make_data.questions import QUESTIONS
from tollhouse.demo.make_data.sales import make_table, table_csv

__all__ = ["QUESTIONS", "make_deliveries", "make_table", "table_csv", "to_jsonl"]
