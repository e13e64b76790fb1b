"""README.md: what it tells to type works, and prints what it says."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.servers import missing
from tollhouse.cli import main
from tollhouse_demo.stack import Stack

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SESSIONS = re.findall(
    r"<!-- session: app -->\n```sql\n(.*?)```.*?<!-- output: app -->\n```\n(.*?)```",
    README,
    re.DOTALL,
)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Yield what `make up` starts."""
    if reason := missing("pg18"):
        pytest.skip(reason)
    directory = Path(tempfile.mkdtemp(prefix="tollhouse-readme-", dir="/var/tmp"))
    try:
        with Stack(directory, workers=1) as stack:
            yield stack
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def typed(stack: Stack, login: str, text: str) -> str:
    """Return what psql prints for some statements."""
    ran = subprocess.run(
        [str(stack.cluster.psql_path), "-X", "-q", "-v", "ON_ERROR_STOP=1", stack.url(login)],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PGOPTIONS": "-c client_min_messages=warning"},
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize(("session", "said"), SESSIONS, ids=["enqueue", "enqueue_query"])
def test_a_session_prints_what_the_readme_says(stack: Stack, session: str, said: str) -> None:
    """The application's statements, typed into psql, answer as printed."""
    printed = typed(stack, "app", session)
    empty = re.compile(r" set_identity \n-+\n \n\(1 row\)\n\n?")
    assert said.strip() == empty.sub("", printed).strip()


def test_every_statement_of_an_operator_works(stack: Stack) -> None:
    """The other SQL of the README is accepted, in order."""
    of_the_application = [session for session, _ in SESSIONS]
    for block in blocks("sql"):
        if block in of_the_application:
            continue
        printed = typed(stack, "operator", block)
        assert max(map(len, printed.splitlines())) < 160, printed
    with psycopg.connect(stack.url("operator"), autocommit=True) as operator:
        known = operator.execute(
            "select count(*) from tollhouse_ops.operator_audit where operator = 'operator'"
            " and action = 'set_price' and target ->> 'model' = 'small'"
        ).fetchone()
    assert known == (2,)


def test_the_parameters_of_a_request_are_those_that_are_allowed() -> None:
    """The list is that of admission/request_problem, and what asks for a model is an argument."""
    script = (ROOT / "deploy/admission/request_problem.sql").read_text(encoding="utf-8")
    (allowed,) = re.findall(r'^    "request": \{(.*?)\}', script, re.DOTALL | re.MULTILINE)
    (said,) = re.findall(r"^A request has (.*?)\.", README, re.DOTALL | re.MULTILINE)
    assert re.findall(r'"(\w+)":', allowed) == re.findall(r"`(\w+)`", said)
    enqueue = (ROOT / "deploy/admission/enqueue.sql").read_text(encoding="utf-8")
    arguments = set(re.findall(r"^  (p_\w+) ", enqueue, re.MULTILINE))
    assert "p_model" in README
    assert set(re.findall(r"`(p_\w+) =>", README)) <= arguments


@pytest.mark.parametrize(
    "target", sorted(set(re.findall(r"(?:`|^)make (\w+)", README, re.MULTILINE)))
)
def test_make_targets_exist(target: str) -> None:
    """Every `make …` that the README names is a target."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def dry_run(*arguments: str) -> list[str]:
    """Return what make says that it would run, a line each, whether or not a make runs the test."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    said = subprocess.run(
        ["make", "--dry-run", *arguments],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return said.splitlines()


@pytest.mark.parametrize("level", ["", "1"], ids=["typed", "in a make"])
def test_make_up_passes_its_arguments_on(level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the README says: `make up ARGS=--fresh`."""
    monkeypatch.setenv("MAKELEVEL", level)
    assert "`make up ARGS=--fresh`" in README
    assert dry_run("up", "ARGS=--fresh")[-1].endswith("tollhouse up --fresh")


def test_make_test_ends_with_what_pytest_says() -> None:
    """Its last command is pytest with the arguments that were given, and make adds no line."""
    assert dry_run("test", "ARGS=-k cap")[-1].endswith(" worksteal -k cap")


def test_continuous_integration_runs_what_the_readme_says(tmp_path: Path) -> None:
    """`.ci/run` is `make test`: no other argument, no other variable, nothing after it."""
    assert "Continuous integration runs `.ci/run`, which is `make test`" in " ".join(README.split())
    (tmp_path / "make").write_text('#!/bin/sh\necho "$*"; pwd; env\n')
    (tmp_path / "make").chmod(0o755)
    environ = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}
    ran = subprocess.run(
        [ROOT / ".ci/run"], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
    )
    typed, folder, *seen = ran.stdout.splitlines()
    assert ("test", str(ROOT)) == (typed, folder)
    by_shell = {"PWD", "OLDPWD", "SHLVL", "_"}
    assert {*environ} == {line.partition("=")[0] for line in seen} - by_shell
    assert "" == ran.stderr


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!https?:)([^)#]+)\)", README))))
def test_links_lead_somewhere(link: str) -> None:
    """Every relative link is a file."""
    assert (ROOT / link).exists()


def test_the_worker_command_is_real(capsys: pytest.CaptureFixture[str]) -> None:
    """`tollhouse --help` lists the commands that the README uses."""
    with pytest.raises(SystemExit):
        main(["--help"])
    listed = capsys.readouterr().out
    used = set(re.findall(r"^tollhouse (\S+)$", "\n".join(blocks("sh")), re.MULTILINE))
    assert {"worker"} <= used
    assert all(re.search(rf"^\s+{command}\b", listed, re.MULTILINE) for command in used)


def test_environment_variables_are_read() -> None:
    """Every variable that the README sets is one that the settings, or the tests, know."""
    readers = ("worker/tollhouse/settings.py", "tests/support/servers.py")
    settings = "".join((ROOT / file).read_text("utf-8") for file in readers)
    for name in set(re.findall(r"\bTOLLHOUSE_[A-Z_]+\b", README)):
        known = name in settings or name.startswith("TOLLHOUSE_PROVIDER_")
        assert known, name
