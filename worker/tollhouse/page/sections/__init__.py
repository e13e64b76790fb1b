"""The parts of the page that change: each module renders one from a snapshot."""

from tollhouse.page.sections.blocked import blocked
from tollhouse.page.sections.calls import calls
from tollhouse.page.sections.cost import cost
from tollhouse.page.sections.latency import latency
from tollhouse.page.sections.minutes import minutes
from tollhouse.page.sections.queue import queue
from tollhouse.page.sections.up import up

__all__ = ["SECTIONS"]

SECTIONS = {
    "up": up,
    "cost": cost,
    "blocked": blocked,
    "latency": latency,
    "queue": queue,
    "calls": calls,
    "minutes": minutes,
}
"""Renderers by the id of the element that they fill."""
