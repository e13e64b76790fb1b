"""A strict reader of the Test Anything Protocol: whatever doesn't clearly pass has failed."""

import re
from dataclasses import dataclass

_RESULT = re.compile(r"(?P<verdict>ok|not ok) (?P<number>\d+)(?: - (?P<description>.*))?")
_PLAN = re.compile(r"1\.\.(?P<count>\d+)(?: # .*)?")


@dataclass(frozen=True, kw_only=True)
class Tap:
    """What a TAP stream says: how many tests ran, and everything wrong with it."""

    count: int
    problems: tuple[str, ...]


def read_tap(text: str) -> Tap:
    """Read a stream; a missing or second plan, a gap, a failure or a bail-out is a problem."""
    problems: list[str] = []
    plans: list[int] = []
    count = 0
    failing = False
    for line in text.splitlines():
        result = _RESULT.fullmatch(line)
        plan = _PLAN.fullmatch(line)
        if result:
            count += 1
            failing = result["verdict"] == "not ok"
            if failing:
                problems.append(line)
            if int(result["number"]) != count:
                problems.append(f"test {result['number']} came as number {count}")
        elif plan:
            plans.append(int(plan["count"]))
        elif line.startswith("Bail out!") or (failing and line.startswith("#")):
            problems.append(line)
    if len(plans) != 1:
        problems.append(f"{len(plans)} plans, not one")
    elif plans[0] != count:
        problems.append(f"{plans[0]} tests planned, {count} run")
    if count == 0:
        problems.append("no test ran")
    return Tap(count=count, problems=tuple(problems))
