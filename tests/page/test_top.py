"""`tollhouse top`: the same numbers as the page, as text."""

import asyncio
import io
import re

import pytest
from rich.console import Console

from tests.page.test_content import AN_HOUR, CATALOG, look
from tests.support.database import Database
from tollhouse.cli import main
from tollhouse.page.reader import PageError
from tollhouse.top import render, top


def test_once(pg18_database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    """A snapshot answers the three questions, for an auditor and an operator alike."""
    pg18_database.rows("select tollhouse_worker.register(gen_random_uuid(), 'w1', 8, '1')")
    with pg18_database.connect("postgres") as connection:
        connection.execute(CATALOG.encode())
        connection.execute(AN_HOUR)
    for login in ("th_auditor", "th_operator"):
        assert main(["top", "--once", "--database-url", pg18_database.url(login)]) == 0
        said = capsys.readouterr().out
        assert "1 worker alive" in said
        assert "kill switch" in said
    out = io.StringIO()
    wide = Console(file=out, width=160, highlight=False)
    assert top(pg18_database.url("th_auditor"), once=True, console=wide) == 0
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


def test_a_narrow_terminal_gets_whole_sentences(
    pg18_database: Database, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In 80 columns a call has one line, which says why it ended."""
    with pg18_database.connect("postgres") as connection:
        connection.execute(CATALOG.encode())
        connection.execute(AN_HOUR)
    monkeypatch.setenv("COLUMNS", "80")
    main(["top", "--once", "--database-url", pg18_database.url("th_auditor")])
    said = capsys.readouterr().out
    calls = said[said.index("The last calls") :].splitlines()[2:]
    assert all(re.match(r"\d\d:\d\d:\d\d  .*[a-z]{4}", line) for line in calls)
    assert "Answered by" in said


def test_not_up_is_an_exit_code(pg18_database: Database) -> None:
    """Without a worker nothing works."""
    assert main(["top", "--once", "--database-url", pg18_database.url("th_auditor")]) == 1


def test_who_may_not_read_is_told(
    pg18_database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, without a traceback."""
    assert main(["top", "--once", "--database-url", pg18_database.url("th_client")]) == 1
    assert "tollhouse_auditor" in capsys.readouterr().err


def test_a_reason_can_not_steer_the_terminal(pg18_database: Database) -> None:
    """Neither by an escape sequence nor by markup."""
    from tollhouse.page.reader import Reader

    reason = "\x1b[2Jgone [bold]loud[/bold]"
    with pg18_database.connect("th_operator") as connection:
        connection.execute(
            "select tollhouse_ops.pull_kill_switch('tenant', 'acme', %s, 'acme')", (reason,)
        )

    async def look() -> object:
        url = pg18_database.url("th_auditor")
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
