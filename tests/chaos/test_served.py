"""Two workers with two hundred calls in flight: what a cap pays for is served, and no more."""

from collections.abc import Iterator
from contextlib import contextmanager

from bench.money import CAP, VARIANTS, measure, prepare

from tests.support.town import Town

BY_NAME = {variant.name: variant for variant in VARIANTS}
HONEST = [BY_NAME[name] for name in ("no limit of its own", "both, mixed", "limit of 128")]
FIRST, LATER = (v for v in VARIANTS if v.model == "dear")

# What a commit left spent and reserved beyond a cap.
_WATCH = """
create table public.passed (tenant_id text, micro_usd bigint);
create function public.note_passed() returns trigger language plpgsql security definer as $$
begin
  insert into public.passed
  select mb.tenant_id, mb.spent_micro_usd + mb.reserved_micro_usd - mb.cap_micro_usd
  from tollhouse_private.monthly_budgets as mb
  where (mb.tenant_id, mb.user_id, mb.month) = (new.tenant_id, new.user_id, new.month)
    and mb.spent_micro_usd + mb.reserved_micro_usd > mb.cap_micro_usd;
  return null;
end
$$;
create constraint trigger note_passed after update on tollhouse_private.monthly_budgets
  deferrable initially deferred for each row execute function public.note_passed();
"""
_UNWATCH = """
drop trigger note_passed on tollhouse_private.monthly_budgets;
drop function public.note_passed();
drop table public.passed;
"""


@contextmanager
def a_crowd(town: Town) -> Iterator[None]:
    """Have two workers of a hundred calls each, and every commit watched."""
    prepare(town.stack)
    while town.stack.workers:
        town.stack.stop_worker()
    for _ in range(2):
        town.stack.start_worker(TOLLHOUSE_CONCURRENCY="100")
    with town.connect("postgres") as connection:
        connection.execute(_WATCH)
        try:
            yield
        finally:
            while town.stack.workers:
                town.stack.stop_worker()
            connection.execute(_UNWATCH)


def test_what_is_affordable(town: Town, tenant: str) -> None:
    """Whatever calls reserve until they are over, and however many wait for that."""
    with a_crowd(town):
        for number, variant in enumerate(HONEST):
            found = measure(town.stack, variant, f"{tenant}-{number}")
            assert [] == town.rows("select * from public.passed")
            assert found["share"] >= 0.98, found
            assert found["waited"] > 0
            assert found["spent"] <= 1, found


def test_what_is_billed_too_much(town: Town, tenant: str) -> None:
    """One wave passes its cap by what each call was billed too much; after that none does."""
    town.operate("forget_overrun", "dear")
    with a_crowd(town):
        first = measure(town.stack, FIRST, f"{tenant}-first")
        over = FIRST.factor - 1
        assert first["spent"] <= 1 + over * 200 * 26 / CAP, first
        later = measure(town.stack, LATER, f"{tenant}-later")
        # What it passed its cap by is its own story.
        town.operate("set_monthly_cap", f"{tenant}-first", "", None)
        assert later["spent"] <= 1.02, later
        assert later["share"] >= 0.98, later
