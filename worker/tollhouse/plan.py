"""Reads sqitch.plan: the order in which the scripts of deploy/ are applied."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tollhouse.errors import PlanError

__all__ = ["Change", "parse_plan", "read_plan", "sql_root"]

_STAMP = (
    r"\s+(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"
    r"\s+(?P<planner>[^#]*?<[^>]*>)\s*(?:#\s*(?P<note>.*))?"
)
_CHANGE = re.compile(
    r"\+?\s*(?P<name>[^\s\[\]@#%!+~-][^\s\[\]@#]*)\s*(?:\[(?P<needs>[^]]*)\])?" + _STAMP
)
_TAG = re.compile(r"@(?P<name>[^\s\[\]@#]+)" + _STAMP)
_PRAGMA = re.compile(r"%\s*(?P<name>[\w-]+)\s*(?:=\s*(?P<value>.*))?")


@dataclass(frozen=True, kw_only=True)
class Change:
    """One line of the plan. A reworked change's older scripts are named `name@tag`."""

    name: str
    requires: tuple[str, ...]
    note: str
    line: int
    script: str
    tags: tuple[str, ...] = ()

    def path(self, root: Path, kind: str) -> Path:
        """Return this change's script of a kind: deploy, revert or verify."""
        return root / kind / f"{self.script}.sql"


def sql_root() -> Path:
    """Return the folder of sqitch.plan: inside an installed wheel, else the checkout's root."""
    package = Path(__file__).resolve().parent
    for root in (package / "sql", package.parent.parent):
        if (root / "sqitch.plan").is_file():
            return root
    raise PlanError("no sqitch.plan beside the package: install a wheel, or run from a checkout")


def read_plan(root: Path | None = None) -> tuple[Change, ...]:
    """Return the changes of root's sqitch.plan, in order; raise PlanError that names the line."""
    path = (root or sql_root()) / "sqitch.plan"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PlanError(f"{path}: {error.strerror}") from error
    return parse_plan(text)


def parse_plan(text: str) -> tuple[Change, ...]:
    """Return the changes of a plan's text, in order; raise PlanError that names the line."""
    changes: list[Change] = []
    tags: set[str] = set()
    for number, line in _lines(text):
        if line.startswith("@"):
            match = _match(_TAG, line, number)
            if not changes or match["name"] in tags:
                raise PlanError(f"sqitch.plan:{number}: tag @{match['name']} is out of place")
            tags.add(match["name"])
            changes[-1] = replace(changes[-1], tags=(*changes[-1].tags, match["name"]))
            continue
        match = _match(_CHANGE, line, number)
        requires = tuple((match["needs"] or "").split())
        _check_requires(requires, {change.name for change in changes}, tags, number)
        changes.append(
            Change(
                name=match["name"],
                requires=requires,
                note=(match["note"] or "").strip(),
                line=number,
                script=match["name"],
            )
        )
    return tuple(_name_scripts(changes))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("%"):
            pragma = _match(_PRAGMA, line, number)
            version = pragma["value"] or ""
            if pragma["name"] == "syntax-version" and not version.startswith("1."):
                raise PlanError(f"sqitch.plan:{number}: syntax version {version} is unknown")
            continue
        yield number, line


def _match(pattern: re.Pattern[str], line: str, number: int) -> re.Match[str]:
    match = pattern.fullmatch(line)
    if match is None:
        raise PlanError(f"sqitch.plan:{number}: can't read this line: {line}")
    return match


def _check_requires(
    requires: tuple[str, ...], names: set[str], tags: set[str], number: int
) -> None:
    for requirement in requires:
        name, _, tag = requirement.removeprefix("!").partition("@")
        known = (not name or name in names) and (not tag or tag in tags)
        if known == requirement.startswith("!"):
            problem = "conflicts with" if known else "requires"
            where = "an earlier change" if known else "no earlier change"
            raise PlanError(f"sqitch.plan:{number}: {problem} {requirement}, which is {where}")


def _name_scripts(changes: list[Change]) -> Iterator[Change]:
    # An older instance of a reworked change deploys from the copy named after the next tag.
    for index, change in enumerate(changes):
        if all(later.name != change.name for later in changes[index + 1 :]):
            yield change
            continue
        tag = next((tag for later in changes[index:] for tag in later.tags), None)
        rework = next(later for later in changes[index + 1 :] if later.name == change.name)
        if tag is None or not any(later.tags for later in changes[index : changes.index(rework)]):
            raise PlanError(f"sqitch.plan:{rework.line}: {change.name} is reworked without a tag")
        yield replace(change, script=f"{change.name}@{tag}")
