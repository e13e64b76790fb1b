"""Build hook: a wheel carries the SQL it deploys; an editable install reads the checkout's."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class SqlHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds sqitch.plan, deploy, revert, verify and the dashboards as tollhouse/sql/."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Leaves editable builds alone: a copy there would go stale."""
        if version == "editable":
            return
        root = Path(self.root)
        scripts = (
            path
            for folder in ("deploy", "revert", "verify", "db/dashboards")
            for path in (root / folder).rglob("*.sql")
        )
        for path in (root / "sqitch.plan", *scripts):
            build_data["force_include"][str(path)] = f"tollhouse/sql/{path.relative_to(root)}"
