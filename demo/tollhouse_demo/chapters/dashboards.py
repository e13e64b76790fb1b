"""What the person on call looks at: every file of db/dashboards, as the auditor."""

from pathlib import Path

from rich.table import Table

from tollhouse.plan import sql_root
from tollhouse_demo import checks
from tollhouse_demo.stage import Chapter, Stage

__all__ = ["CHAPTER"]


def _play(stage: Stage) -> None:
    caller = stage.caller("alderbrook-outdoor", "maria.keller")
    request = stage.route(caller.tenant, "Which channel grew this week?")
    caller.enqueue("route", request, "weekly-1", run_at="tomorrow")
    stage.screen.step("A call is scheduled for tomorrow, so that the queue is not empty.")
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("rows", justify="right")
    table.add_column("dashboard")
    rows: dict[str, int] = {}
    for path in sorted((sql_root() / "db" / "dashboards").glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        rows[path.stem] = len(stage.auditor.execute(text.encode()).fetchall())
        table.add_row(str(rows[path.stem]), f"{path.stem[:2]}  {_question(text)}")
    stage.screen.show(table)
    stage.check(
        checks.outcome(
            "every dashboard has something to show",
            expected={"dashboards": 11, "empty": "none"},
            observed={
                "dashboards": len(rows),
                "empty": ", ".join(name for name, count in rows.items() if not count) or "none",
            },
            sql=str(Path("db") / "dashboards"),
        )
    )


def _question(text: str) -> str:
    return text.partition("\n")[0].removeprefix("-- ")


CHAPTER = Chapter(
    title="Dashboards",
    intro="Eleven questions that people on call ask, answered by eleven views.",
    play=_play,
)
