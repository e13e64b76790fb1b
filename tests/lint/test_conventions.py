"""db/CONVENTIONS.md, rule by rule, over every deploy script."""

import pytest

from tests.lint.conventions import RULES
from tests.lint.test_tools import ROOT, SCRIPTS

GOOD = """-- Deploy tollhouse:queue/things to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.things (
  tenant_id text not null,
  constraint things_pkey primary key (tenant_id)
);
create index things_tenant_id_idx on tollhouse_private.things (tenant_id);
comment on table tollhouse_private.things is 'Things; NOT code.';
create policy things_all_engine on tollhouse_private.things
  to tollhouse_engine using (true);

create function tollhouse.things(
  p_tenant_id text
)
  returns void
  language plpgsql
  stable
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_found integer;
begin
  raise exception using errcode = 'TH001', message = 'no identity';
end
$$;
comment on function tollhouse.things(text) is 'Does nothing.';

revoke execute on function tollhouse.things(text) from public;

commit;
"""
BAD = {
    "upper case": ("begin;", "BEGIN;"),
    "a tab": ("  tenant_id text", "\ttenant_id text"),
    "no comment on function": ("comment on function", "-- comment on function"),
    "no comment on table": ("comment on table", "-- comment on table"),
    "not revoked": ("revoke execute", "-- revoke execute"),
    "is strict": ("  stable\n", "  stable\n  strict\n"),
    "not pinned": ("pg_catalog, pg_temp", "''"),
    "out of order": ("  stable\n  security definer\n", "  security definer\n  stable\n"),
    "not one p_ parameter": ("  p_tenant_id text\n)", "  tenant text\n)"),
    "is not v_": ("v_found", "found_it"),
    "policy all_things": ("policy things_all_engine", "policy all_things"),
    "names no role": ("  to tollhouse_engine using", "  using"),
    "everybody's": ("to tollhouse_engine", "to public"),
    "constraint without a name": ("constraint things_pkey primary", "primary"),
    "not …_idx": ("index things_tenant_id_idx", "index on_tenants"),
    "raise without using": (
        "raise exception using errcode = 'TH001', message =",
        "raise exception",
    ),
    "past tell": ("  raise exception", "  perform pg_notify('', '');\n  raise exception"),
}


def problems(change: str, script: str) -> list[str]:
    """Return everything that any rule has against a script."""
    return [problem for rule in RULES for problem in rule(change, script)]


@pytest.mark.parametrize("path", SCRIPTS)
def test_script(path: str) -> None:
    """The script keeps the rules."""
    script = (ROOT / path).read_text(encoding="utf-8")
    change = path.removeprefix("deploy/").removesuffix(".sql")
    assert problems(change, script) == []


@pytest.mark.parametrize("problem", BAD)
def test_rule_can_fail(problem: str) -> None:
    """One wrong word in a good script is found, and is all that is found."""
    assert problems("queue/things", GOOD) == []
    good, bad = BAD[problem]
    assert good in GOOD
    found = problems("queue/things", GOOD.replace(good, bad))
    assert [problem in text for text in found] == [True]


def test_unknown_room() -> None:
    """A folder that is no room is found."""
    assert problems("misc/things", GOOD) == ["misc is no room"]


def test_guard_file() -> None:
    """A guard file without a guard is found."""
    assert "guard_…" in problems("queue/guard", GOOD)[0]
