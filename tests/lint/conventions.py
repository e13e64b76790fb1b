"""The rules of db/CONVENTIONS.md that can be read off a deploy script: rule → problems."""

import re
from collections.abc import Callable, Iterator

PINNED = "set search_path = pg_catalog, pg_temp"
ROOMS = {
    *("platform", "tenancy", "task_types", "ledger", "queue", "idempotency", "kill_switch"),
    *("hourly_shutoff", "cache", "coalescing", "routing", "breaker", "rate_limit", "budget"),
    *("pricing", "admission", "execution", "distillation", "explain", "ops"),
}

_ROUTINE = re.compile(
    r"^create (?P<kind>function|procedure) (?P<name>[a-z_.]+)\("
    r"(?P<rest>.*?)^as \$\$\n(?P<body>.*?)^\$\$;",
    re.MULTILINE | re.DOTALL,
)
_DECLARED = re.compile(r"^declare\n(.*?)^begin$", re.MULTILINE | re.DOTALL)
_TABLE = re.compile(r"^create table .*?^\)", re.MULTILINE | re.DOTALL)
_CONSTRAINT = re.compile(r"^  .*\b(?:primary key|references|unique|check)\b.*", re.MULTILINE)
_RELATION = re.compile(r"^create (table|view|type|domain|schema) ([a-z_.]+)", re.MULTILINE)
_OBJECT = re.compile(
    r"^create (?:function|procedure|table|view|type|domain) \w+\.(\w+)", re.MULTILINE
)
_POLICY = re.compile(
    r"^create policy (\w+) on \w+\.(\w+)\s+(?:for (\w+) )?to ([a-z_, ]+?)(?:\s+using|\s+with)",
    re.MULTILINE,
)


def code(script: str) -> str:
    """Return a script without comments and literals, its lines kept."""
    return re.sub(r"--[^\n]*|'(?:[^']|'')*'", lambda m: "''" + "\n" * m[0].count("\n"), script)


def room(change: str, script: str) -> Iterator[str]:
    """One folder per room; a guard file makes the guard."""
    folder, _, file = change.partition("/")
    if folder not in ROOMS:
        yield f"{folder} is no room"
    if file == "guard" and not any(name.startswith("guard_") for name in _OBJECT.findall(script)):
        yield "a guard file makes a function guard_…"


def shape(_: str, script: str) -> Iterator[str]:
    """Lower case, spaces, no line without end."""
    if words := set(re.findall(r"\b[A-Z][A-Z_]+\b", code(script))):
        yield f"upper case: {', '.join(sorted(words))}"
    if re.search(r"\t| $", script, re.MULTILINE):
        yield "a tab or a blank at the end of a line"


def comments(_: str, script: str) -> Iterator[str]:
    """Whatever is made says what it is."""
    made = [(m["kind"], m["name"]) for m in _ROUTINE.finditer(script)]
    made += [(kind, name) for kind, name in _RELATION.findall(script)]
    for kind, name in set(made):
        count = len(re.findall(rf"^comment on {kind} {re.escape(name)}\b", script, re.MULTILINE))
        if count < made.count((kind, name)):
            yield f"no comment on {kind} {name}"


def privileges(_: str, script: str) -> Iterator[str]:
    """Each routine is taken from PUBLIC in the file that makes it."""
    made = [m["name"] for m in _ROUTINE.finditer(script)]
    for name in set(made):
        revoked = re.findall(
            rf"^revoke execute on (?:function|procedure) {re.escape(name)}\(.*\) from public;$",
            script,
            re.MULTILINE,
        )
        if len(revoked) < made.count(name):
            yield f"{name} is not revoked from public"


def routines(_: str, script: str) -> Iterator[str]:
    """One parameter a line, attributes in one order, no STRICT."""
    for match in _ROUTINE.finditer(script):
        name = match["name"]
        parameters, _sep, head = match["rest"].partition("\n)\n")
        if not _sep:
            parameters, head = "", match["rest"].partition(")\n")[2]
        for line in parameters.splitlines():
            if line and not re.match(r"  (?:(?:in|inout) )?p_\w+ |  out \w+ ", line):
                yield f"{name}: not one p_ parameter a line: {line.strip()}"
        lines = [line.strip() for line in head.splitlines()]
        if "strict" in lines or "returns null on null input" in lines:
            yield f"{name} is strict: a null argument would skip its body"
        if "security definer" in lines and PINNED not in lines:
            yield f"{name} is a definer whose path is not pinned"
        order = [_attribute(line) for line in lines if _attribute(line) >= 0]
        if order != sorted(order):
            yield f"{name}: attributes out of order"
        for declared in _DECLARED.findall(match["body"]):
            for variable, rest in re.findall(r"^  (\w+) (.*)", declared, re.MULTILINE):
                copied = f'"C" := {name.rpartition(".")[2]}.{variable};'
                recollated = rest.endswith((f" collate {copied}", f" collate pg_catalog.{copied}"))
                if not (recollated or variable.startswith(("v_", "c_"))):
                    yield f"{name}: {variable} is not v_ or c_"


def _attribute(line: str) -> int:
    heads = (
        ("returns",),
        ("language",),
        ("volatile", "stable", "immutable"),
        ("security",),
        ("set",),
    )
    return next((i for i, words in enumerate(heads) if line.split(" ")[0] in words), -1)


def names(_: str, script: str) -> Iterator[str]:
    """Policies say table, command and who; constraints and indexes have names."""
    text = code(script)
    for name, table, command, roles in _POLICY.findall(text):
        if not name.startswith(f"{table}_{command or 'all'}_"):
            yield f"policy {name} is not {table}_{command or 'all'}_<who>"
        if "public" in roles:
            yield f"policy {name} is everybody's"
    if len(re.findall(r"^create policy", text, re.MULTILINE)) != len(_POLICY.findall(text)):
        yield "a policy names no role"
    for table in _TABLE.findall(text):
        for line in _CONSTRAINT.findall(table):
            if not line.startswith("  constraint "):
                yield f"a constraint without a name: {line.strip()}"
    for index in re.findall(r"^create (?:unique )?index (\S+)", text, re.MULTILINE):
        if not index.endswith("_idx"):
            yield f"index {index} is not …_idx"


def errors(_: str, script: str) -> Iterator[str]:
    """raise exception using errcode, message …: never a bare format string."""
    for line in re.findall(r"raise exception(?! using\b).*", code(script)):
        yield f"raise without using: {line}"


def notifications(change: str, script: str) -> Iterator[str]:
    """A full queue of notifications fails who sends one: all go through tell."""
    if change != "queue/tell" and re.search(
        r"\bpg_notify\b|^\s*notify\b", code(script), re.MULTILINE
    ):
        yield "a NOTIFY past tell"


RULES: tuple[Callable[[str, str], Iterator[str]], ...] = (
    room, shape, comments, privileges, routines, names, errors, notifications,
)  # fmt: skip
