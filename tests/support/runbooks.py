"""Runbooks as their reader lives them: every block, in order, typed as the person it names."""

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.terminal import Terminal
from tests.support.waiting import PATIENCE, until

FOLDER = Path(__file__).parents[2] / "docs" / "ops" / "runbooks"
PROOF = "Proof that it is over"
SECTIONS = ("Meaning", "Impact", "Diagnosis", "Action", "Recovery", PROOF)
LOGINS = {"operator": "operator", "auditor": "auditor", "app": "app", "admin": "postgres"}
"""Who a block names, and the login that types it in a test."""

PROMISES = (
    ("sh", r"five times `true`", r"(?:(?s:.)*?: true\b){5}"),
    ("sh", r"prints `server started`", r"^server started$"),
    ("sh", r"\(`t`\)", r"^ t\b"),
    ("sql", r"`t`", r"^ t$"),
    ("sql", r"empty row", r"^ *\n\(1 row\)$"),
    ("app", r"`success`", r"^ success\b"),
)
"""What the words before a block of this kind say that it prints, and how that looks."""

_LINE = re.compile(r"^(?:## (?P<section>.+)|```(?P<info>\S.*)|(?P<fence>```))$")


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block: `sql WHO` or `sh`, where it stands, and the words just before it."""

    section: str
    language: str
    who: str
    text: str
    line: int
    words: str

    def broken_promises(self, printed: str) -> list[str]:
        """Return what the words promise and the block did not print."""
        return [
            said
            for kind, said, shown in PROMISES
            if kind in (self.language, self.who)
            and re.search(said, self.words)
            and not re.search(shown, printed, re.MULTILINE)
        ]


def sections(text: str) -> list[str]:
    """Return the headings of a runbook in their order."""
    return re.findall(r"^## (.+)$", text, re.MULTILINE)


def blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a runbook; one without a language is printed matter."""
    found: list[Block] = []
    section, info, kept, begin, words = "", None, list[str](), 0, list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        match = _LINE.match(line)
        if info is None and match and match["section"]:
            section, words = match["section"], []
        elif info is None and match:
            info, kept, begin = match["info"] or "", [], number
        elif info is not None and match and match["fence"]:
            language, _, who = info.partition(" ")
            if language:
                body = "\n".join(kept) + "\n"
                found.append(
                    Block(
                        section=section,
                        language=language,
                        who=who,
                        text=body,
                        line=begin,
                        words=" ".join(words),
                    )
                )
            info, words = None, []
        elif info is not None:
            kept.append(line)
        else:
            words.append(line)
    assert info is None, "a block has no end"
    return found


@dataclass(kw_only=True)
class Walk:
    """One runbook being followed. `url` gives the database URL of a login, at that moment.

    terminal: a shell that knows the variables that docs/ops/README.md lists
    """

    name: str
    psql: Path
    url: Callable[[str], str]
    terminal: Terminal
    printed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read the runbook."""
        self.left = blocks((FOLDER / f"{self.name}.md").read_text(encoding="utf-8"))
        self.proofs = [block for block in self.left if block.section == PROOF]
        self.left = [block for block in self.left if block.section != PROOF]
        assert self.proofs, f"{self.name} has no proof"

    def section(self, name: str) -> str:
        """Type every block of the section that comes next; return all that was printed."""
        assert self.left, f"{self.name}: nothing is left to type"
        assert name == self.left[0].section, f"next comes {self.left[0].section}"
        printed = ""
        while self.left and self.left[0].section == name:
            printed += self._type(self.left.pop(0))
        self.printed.append(printed)
        return printed

    def is_over(self) -> bool:
        """Whether every proof holds: SQL prints t and nothing else, a shell block succeeds."""
        return all(self._holds(block) for block in self.proofs)

    def ends(self, *, seconds: float = PATIENCE) -> None:
        """Assert that every block was typed and that the proof holds before long."""
        assert not self.left, f"{self.name}: {self.left[0].section} was not typed"
        until(self.is_over, f"the proof of {self.name}", seconds=seconds)

    def _type(self, block: Block) -> str:
        where = f"{self.name}.md:{block.line}"
        if block.language == "sh":
            printed = self.terminal.type(block.text, where)
        else:
            done = self._psql(block)
            assert done.returncode == 0, f"{where}: {done.stdout}{done.stderr}"
            printed = done.stdout
        assert block.broken_promises(printed) == [], f"{where} printed:\n{printed}"
        return printed

    def _holds(self, block: Block) -> bool:
        if block.language == "sh":
            return self.terminal.succeeds(block.text)
        done = self._psql(block, "-A", "-t", "-q")
        return done.returncode == 0 and set(done.stdout.split()) == {"t"}

    def _psql(self, block: Block, *options: str) -> subprocess.CompletedProcess[str]:
        assert block.language == "sql"
        return subprocess.run(
            [self.psql, "-X", "-v", "ON_ERROR_STOP=1", *options, self.url(LOGINS[block.who])],
            input=block.text,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
