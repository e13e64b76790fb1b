"""The rooms of deploy/ as steps of a stair: each stands on rooms of lower steps only.

`python -m tests.support.stair` rewrites the picture in ARCHITECTURE.md.
"""

import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from tollhouse.plan import Change, read_plan

ROOT = Path(__file__).parents[2]
ARCHITECTURE = ROOT / "ARCHITECTURE.md"
Rooms = dict[str, set[str]]


def rooms(plan: tuple[Change, ...]) -> Rooms:
    """Return room → the other rooms that its changes require."""
    found: Rooms = {}
    for change in plan:
        room = change.name.partition("/")[0]
        needs = {name.partition("/")[0] for name in change.requires}
        found.setdefault(room, set()).update(needs - {room})
    return found


def circle(needs: Rooms) -> list[str]:
    """Return a cycle of rooms, the first also last; empty if there is none."""
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def steps(needs: Rooms) -> list[list[str]]:
    """Return the rooms step by step, from the ground up. Raises CycleError for a circle."""
    sorter = TopologicalSorter(needs)
    sorter.prepare()
    found = []
    while ready := sorted(sorter.get_ready()):
        found.append(ready)
        sorter.done(*ready)
    return found


def picture(needs: Rooms) -> str:
    """Return the stair in Mermaid's language, without arrows that follow from others."""
    below: Rooms = {}
    lines = ["```mermaid", "flowchart BT"]
    for step in steps(needs):
        for room in step:
            direct = needs[room] - {far for near in needs[room] for far in below[near]}
            below[room] = needs[room].union(*(below[near] for near in needs[room]))
            lines += [f"  {room} --> {near}" for near in sorted(direct)] or [f"  {room}"]
    return "\n".join([*lines, "```"])


def drawn(text: str, needs: Rooms) -> str:
    """Return ARCHITECTURE.md's text with the picture of these rooms in its place."""
    place = re.compile(r"```mermaid\nflowchart BT\n.*?```", re.DOTALL)
    assert len(place.findall(text)) == 1
    return place.sub(lambda _: picture(needs), text)


if __name__ == "__main__":
    ARCHITECTURE.write_text(
        drawn(ARCHITECTURE.read_text(encoding="utf-8"), rooms(read_plan(ROOT))), encoding="utf-8"
    )
