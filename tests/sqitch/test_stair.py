"""The plan draws the architecture: rooms stand on each other like steps, never in a circle."""

from tests.support.stair import ARCHITECTURE, ROOT, circle, drawn, picture, rooms, steps
from tollhouse.plan import read_plan

NEEDS = rooms(read_plan(ROOT))


def test_no_circle() -> None:
    """No room needs a room that needs it, near or far."""
    assert circle(NEEDS) == []


def test_a_circle_is_found() -> None:
    """One requirement the other way round is enough."""
    assert set(circle(NEEDS | {"platform": {"ops"}})) >= {"platform", "ops"}


def test_picture_is_today_s() -> None:
    """ARCHITECTURE.md shows the stair that the plan has: python -m tests.support.stair draws it."""
    text = ARCHITECTURE.read_text(encoding="utf-8")
    assert drawn(text, NEEDS) == text


def test_steps_and_arrows() -> None:
    """A room stands above all that it needs; an arrow that follows from others is left out."""
    needs = {"a": set(), "b": {"a"}, "c": {"a", "b"}}
    assert steps(needs) == [["a"], ["b"], ["c"]]
    assert picture(needs).splitlines()[2:-1] == ["  a", "  b --> a", "  c --> b"]
