"""docs/ops/SETTINGS.md lists exactly the variables that are read, with their defaults."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from tollhouse.cli import main
from tollhouse.settings import ProviderSettings, WorkerSettings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "ops" / "SETTINGS.md").read_text(encoding="utf-8")
WORKER, OTHERS = TEXT.split("\n## The other commands\n")
ROW = re.compile(r"^\| `(\S+)` \| (.*?) \| (.*?) \|", re.MULTILINE)
PROVIDER = "TOLLHOUSE_PROVIDER_<NAME>_"
NEEDED = {
    "DATABASE_URL": "dbname=app",
    "TOLLHOUSE_PROVIDER_A_BASE_URL": "http://a/v1",
    "TOLLHOUSE_PAGE_TOKEN": "0123456789abcdef",
    "TOLLHOUSE_PAGE_DATABASE_URL": "dbname=app",
}


class Environ(dict[str, str]):
    """Keeps the names that were asked for."""

    def __init__(self) -> None:
        """What a worker needs."""
        super().__init__(NEEDED)
        self.asked: set[str] = set()

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        """Answer as any mapping does."""
        self.asked.add(name.replace("_PROVIDER_A_", "_PROVIDER_<NAME>_"))
        return super().get(name, default)


def test_the_list_is_what_a_worker_reads() -> None:
    """None missing and none too many, but for the one that is only refused."""
    environ = Environ()
    WorkerSettings.from_environ(environ)
    listed = [name for name, _, _ in ROW.findall(WORKER)]
    assert len(set(listed)) == len(listed)
    assert environ.asked - {f"{PROVIDER}CONCURRENCY"} == set(listed)


def test_the_others_are_what_the_package_reads() -> None:
    """Every name that stands in quotes in a module is in one of the tables."""
    paths = [*ROOT.glob("worker/tollhouse/**/*.py"), *ROOT.glob("demo/tollhouse_demo/**/*.py")]
    sources = "".join(path.read_text(encoding="utf-8") for path in paths)
    read = set(re.findall(r"[\"'](TOLLHOUSE_[A-Z_]*[A-Z])[\"']", sources))
    others = set(re.findall(r"^\| `(TOLLHOUSE_\w+)` ", OTHERS, re.MULTILINE))
    worker = {name for name, _, _ in ROW.findall(WORKER)}
    assert others
    assert others == read - worker


def test_the_defaults_are_those_of_the_code() -> None:
    """A number, an address or a name that is there when nobody sets one."""
    listed = {name: default.strip("`") for name, _, default in ROW.findall(WORKER)}
    coded = {
        prefix + field.name.upper(): f"{field.default:g}"
        if isinstance(field.default, float)
        else str(field.default)
        for prefix, settings in (("TOLLHOUSE_", WorkerSettings), (PROVIDER, ProviderSettings))
        for field in fields(settings)
        if isinstance(field.default, int | float | str) and field.default != ""
    }
    assert len(coded) == 8
    assert coded == {name: listed[name] for name in coded}


def test_help_leads_there(capsys: pytest.CaptureFixture[str]) -> None:
    """`tollhouse worker --help` names what is required, and where the rest is."""
    with pytest.raises(SystemExit):
        main(["worker", "--help"])
    said = capsys.readouterr().out
    required = [name for name, _, default in ROW.findall(WORKER) if default.startswith("required")]
    assert len(required) == 2
    for name in (*required, "docs/ops/SETTINGS.md", "TOLLHOUSE_HTTP_PORT"):
        assert name in said
