"""`tollhouse top`: the same numbers as the page, as text."""

import asyncio
import io
import os
import re
import subprocess
import sys

import pytest
from rich.console import Console

from tests.page.test_content import AN_HOUR, CATALOG, look
from tests.support.database import Database
from tests.support.waiting import PATIENCE, until
from tollhouse.cli import main
from tollhouse.page.snapshot import PageError
from tollhouse.top import render, top

# Runs a program in a pseudo terminal of its own: what it reads is typed there.
IN_A_TERMINAL = """
import os, pty, sys
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))
"""


def test_once(pg18_database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    """A snapshot answers the three questions, for a monitor and an operator alike."""
    pg18_database.rows("select tollhouse_worker.register(gen_random_uuid(), 'w1', 8, '1')")
    with pg18_database.connect("postgres") as connection:
        connection.execute(CATALOG.encode())
        connection.execute(AN_HOUR)
    for login in ("th_monitor", "th_operator"):
        assert main(["top", "--once", "--database-url", pg18_database.url(login)]) == 0
        said = capsys.readouterr().out
        assert "1 worker alive" in said
        assert "kill switch" in said
    out = io.StringIO()
    wide = Console(file=out, width=160, highlight=False)
    assert top(pg18_database.url("th_monitor"), once=True, console=wide) == 0
    for text in ("$39.87", "monthly cap", "all providers", "wrong answers since the new prompt"):
        assert text in out.getvalue()


def test_a_short_terminal_answers_too(pg18_database: Database) -> None:
    """In 80 columns and 24 lines: up or not, the cost, and who is blocked, all on one screen."""
    with pg18_database.connect("postgres") as connection:
        connection.execute(CATALOG.encode())
        connection.execute(AN_HOUR)
    snapshot = asyncio.run(look(pg18_database))
    out = io.StringIO()
    Console(file=out, width=80, highlight=False).print(render(snapshot, lines=24))
    shown = out.getvalue().splitlines()
    assert len(shown) <= 24
    assert max(map(len, shown)) <= 80
    for text in ("No worker is alive", "$39.87", "4 stops in force", "monthly cap", "breaker open"):
        assert text in out.getvalue()
    ending = "select tollhouse_ops.lift_kill_switch('endpoint', 'budget_optimization', 'why')"
    assert f"TollhouseKillSwitchPulled: {ending}" in " ".join(out.getvalue().split())


def test_a_narrow_terminal_gets_whole_sentences(
    pg18_database: Database, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In 80 columns a call has one line, which says why it ended."""
    with pg18_database.connect("postgres") as connection:
        connection.execute(CATALOG.encode())
        connection.execute(AN_HOUR)
    monkeypatch.setenv("COLUMNS", "80")
    main(["top", "--once", "--database-url", pg18_database.url("th_monitor")])
    said = capsys.readouterr().out
    calls = said[said.index("The latest calls") :].splitlines()[2:]
    assert all(re.match(r"\d\d:\d\d:\d\d  .*[a-z]{4}", line) for line in calls)
    assert "Answered by" in said


def test_not_up_is_an_exit_code(pg18_database: Database) -> None:
    """Without a worker nothing works."""
    assert main(["top", "--once", "--database-url", pg18_database.url("th_monitor")]) == 1


def test_who_may_not_read_is_told(
    pg18_database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, without a traceback."""
    assert main(["top", "--once", "--database-url", pg18_database.url("th_client")]) == 1
    assert "tollhouse_monitor" in capsys.readouterr().err


def test_a_reason_can_not_steer_the_terminal(pg18_database: Database) -> None:
    """Neither by an escape sequence nor by markup."""
    from tollhouse.page.snapshot import Reader

    reason = "\x1b[2Jgone [bold]loud[/bold]"
    with pg18_database.connect("th_operator") as connection:
        connection.execute(
            "select tollhouse_ops.pull_kill_switch('tenant', 'acme', %s, 'acme')", (reason,)
        )

    async def look() -> object:
        url = pg18_database.url("th_monitor")
        async with Reader(database_url=url, application_name="test") as reader:
            return render(await reader.snapshot())

    out = io.StringIO()
    Console(file=out, width=160).print(asyncio.run(look()))
    assert "\x1b[2J" not in out.getvalue()
    assert "?[2Jgone [bold]loud[/bold]" in out.getvalue()


def test_no_database_is_no_snapshot() -> None:
    """The error names no secret."""
    with pytest.raises(PageError) as caught:
        top("postgresql://u:secret@127.0.0.1:1/x", once=True)
    assert "secret" not in str(caught.value)


def test_ctrl_c_ends_it_well(pg18_database: Database) -> None:
    """Whoever has seen enough gets exit code 0, the cursor and the screen as it was."""
    command = [sys.executable, "-c", IN_A_TERMINAL, sys.executable, "-m", "tollhouse", "top"]
    with subprocess.Popen(
        [*command, "--database-url", pg18_database.url("th_monitor")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "80", "LINES": "24"},
    ) as process:
        keyboard, screen = process.stdin, process.stdout
        assert keyboard is not None
        assert screen is not None
        os.set_blocking(screen.fileno(), False)
        shown = bytearray()

        def sees(text: bytes) -> bool:
            shown.extend(screen.read() or b"")
            return text in shown

        until(lambda: sees(b"No worker is alive"), "the first look")
        assert b"\x1b[?1049h" in shown
        assert b"\x1b[?1049l" not in shown
        keyboard.write(b"\x03")
        keyboard.flush()
        assert process.wait(timeout=PATIENCE) == 0
        assert sees(b"\x1b[?1049l")
        assert shown.rindex(b"\x1b[?25h") > shown.rindex(b"\x1b[?25l")
        assert b"Traceback" not in shown
