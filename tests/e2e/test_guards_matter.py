"""Each proof fails when the guard it is about lets everything pass: in a town of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e import (
    test_1_endpoints,
    test_2_materialized,
    test_3_cache,
    test_4_breaker,
    test_5_kill_switch,
    test_6_shutoff,
    test_7_duplicates,
    test_8_distillation,
    test_9_isolation,
    test_bad_input,
    test_budget,
    test_cancel,
    test_retries,
    test_scheduling,
)
from tests.e2e.conftest import open_town
from tests.support.guards import EVERYTHING, NOTHING, Edit, disabled, private
from tests.support.town import Person, Town
from tests.support.waiting import HELD

Check = Callable[[Town, str], None]
DECIDE = "decide"

# guard: how it is disabled, and the proof that must turn red
GUARDS: dict[str, tuple[list[Edit], Check]] = {
    "attempts are written down": (
        [private("append_attempts", EVERYTHING, NOTHING)],
        lambda town, tenant: test_1_endpoints.test_endpoint_is_consumed_end_to_end(
            town, tenant, "route"
        ),
    ),
    "materializers run": (
        [private("materialize", EVERYTHING, "begin return p_settlements; end")],
        lambda town, tenant: test_2_materialized.test_success_makes_one_row_in_the_same_transaction(
            town, tenant, "investigation"
        ),
    ),
    "cache answers": (
        [private("has_answer", "> p_now", "< '-infinity'")],
        test_3_cache.test_second_identical_request_is_cached,
    ),
    "cache: lifetime": (
        [private("has_answer", "> p_now", "is not null")],
        test_3_cache.test_an_answer_ages,
    ),
    "cache: watermark": (
        [
            private(
                "new_jobs",
                "b.watermark, b.request, b.model, b.models",
                "b.request, b.model, b.models",
            ),
        ],
        test_3_cache.test_another_watermark_pays_again,
    ),
    "cache: tenant": (
        [
            private("new_jobs", "p_tenant_id, b.scope, b.endpoint", "b.scope, b.endpoint"),
            private("guard_cache", "rc.tenant_id = j.tenant_id", "true"),
            private("cached_result", "rc.tenant_id = p_job.tenant_id", "true"),
        ],
        test_3_cache.test_who_shares_an_answer,
    ),
    "coalescing": (
        [private(DECIDE, "guard_coalescing(v_jobs,", "guard_coalescing('{}',")],
        test_3_cache.test_two_at_once_are_paid_once,
    ),
    "breaker stops": (
        [private("guard_breaker", EVERYTHING, "select 'pass'")],
        test_4_breaker.test_next_call_is_blocked_at_once,
    ),
    "breaker opens": (
        [private("observe_users", EVERYTHING, NOTHING)],
        test_4_breaker.test_next_call_is_blocked_at_once,
    ),
    "breaker: one probe": (
        [private("begin_probes", EVERYTHING, NOTHING)],
        test_4_breaker.test_one_probe_closes_it,
    ),
    "breaker: probe closes": (
        [private("observe_users", "l.state = 'half_open'", "false")],
        test_4_breaker.test_one_probe_closes_it,
    ),
    "breaker of a provider": (
        [private("observe_providers", EVERYTHING, NOTHING)],
        test_4_breaker.test_failures_of_several_users_open_the_providers_own,
    ),
    "kill switch at enqueue": (
        [private("early_verdicts", "guard_kill_switch(v_work)", "guard_kill_switch('{}')")],
        lambda town, tenant: test_5_kill_switch.test_every_scope_blocks_until_it_is_lifted(
            town, tenant, "user"
        ),
    ),
    "kill switch at claim": (
        [private(DECIDE, "guard_kill_switch(v_jobs)", "guard_kill_switch('{}')")],
        lambda town, tenant: test_5_kill_switch.test_every_scope_blocks_until_it_is_lifted(
            town, tenant, "user"
        ),
    ),
    "kill switch in flight": (
        [("tollhouse_worker.calls_to_abort", "j.state = 'running'", "false")],
        lambda town, tenant: test_5_kill_switch.test_calls_in_flight_are_aborted_and_say_so(
            town, tenant, "user"
        ),
    ),
    "shutoff at enqueue": (
        [private("early_verdicts", "guard_hourly_shutoff(v_work,", "guard_hourly_shutoff('{}',")],
        lambda town, tenant: test_6_shutoff.test_a_seeded_shutoff_blocks_until_its_time_is_over(
            town, tenant, "ann"
        ),
    ),
    "shutoff at claim": (
        [private(DECIDE, "guard_hourly_shutoff(v_jobs,", "guard_hourly_shutoff('{}',")],
        lambda town, tenant: test_6_shutoff.test_a_seeded_shutoff_blocks_until_its_time_is_over(
            town, tenant, "ann"
        ),
    ),
    "shutoff by the threshold": (
        [private("book_hour", "s.tripped_at_micro_usd >=", "1000000000 >=")],
        lambda town, tenant: test_6_shutoff.test_reaching_the_threshold_blocks(town, tenant, "ann"),
    ),
    "shutoff ends": (
        [private("guard_hourly_shutoff", "> p_now", "> '-infinity'")],
        lambda town, tenant: test_6_shutoff.test_a_seeded_shutoff_blocks_until_its_time_is_over(
            town, tenant, "ann"
        ),
    ),
    "idempotency": (
        [("constraint request_keys request_keys_pkey", "", "")],
        test_7_duplicates.test_a_hundred_concurrent_deliveries_are_one_call,
    ),
    "fingerprint": (
        [private("existing_calls", "k.fingerprint is not distinct from j.fingerprint", "true")],
        test_7_duplicates.test_the_same_id_for_something_else_is_a_misuse,
    ),
    "capture policy": (
        [private("stricter_capture", EVERYTHING, "select 'full'")],
        lambda town, tenant: test_8_distillation.test_policy_none_leaves_no_content(
            town, tenant, "explanation"
        ),
    ),
    "capture keeps": (
        [private("close_calls", "then (c.result).reasoning end", "then null end")],
        test_8_distillation.test_a_success_has_everything_behind_its_refs,
    ),
    "samples are paid for": (
        [("view distillation_samples", "c.provider_attempted AND (NOT c.was_cached)", "true")],
        test_8_distillation.test_what_no_provider_answered_is_no_sample,
    ),
    "deliveries end": (
        [
            (
                "tollhouse_worker.prune",
                "where old.expires_at <= v_now limit c_answers",
                "where false limit c_answers",
            )
        ],
        lambda town, tenant: test_8_distillation.test_policy_none_leaves_no_content(
            town, tenant, "explanation"
        ),
    ),
    "login binding": (
        [private("identity", "if cardinality(v_bindings) > 0 then", "if false then")],
        lambda town, tenant: _as_ann(
            town,
            tenant,
            lambda ann: test_9_isolation.test_a_bound_login_can_be_nobody_else(
                town, ann, test_9_isolation.bind(town)
            ),
        ),
    ),
    "identity is well-formed": (
        [("tollhouse.set_identity", "tollhouse_private.is_identifier(p_user_id)", "true")],
        lambda town, tenant: _as_ann(
            town,
            tenant,
            lambda ann: test_9_isolation.test_a_malformed_identity_is_none(town, ann, "a b"),
        ),
    ),
    "functions see their caller's jobs": (
        [("policy jobs jobs_select_owner", "", "true")],
        lambda town, tenant: _crossing(town, tenant, "another tenant"),
    ),
    "functions see their caller's keys": (
        [("policy request_keys request_keys_select_owner", "", "true")],
        lambda town, tenant: _crossing(town, tenant, "another user"),
    ),
    "rate limit": (
        [private(DECIDE, "guard_rate_limit(v_routes,", "guard_rate_limit('{}',")],
        test_scheduling.test_a_limit_of_calls_in_flight,
    ),
    "budget": (
        [private("guard_budget", "> mb.cap_micro_usd", "> mb.cap_micro_usd + 1000000")],
        lambda town, tenant: test_budget.test_no_more_goes_out_than_the_cap_holds(
            town, tenant, "ann"
        ),
    ),
    "budget: reservations are released": (
        [private("settle_budget", "- due.reserved", "")],
        lambda town, tenant: test_budget.test_no_more_goes_out_than_the_cap_holds(
            town, tenant, "ann"
        ),
    ),
    "a limit of the caller's own": (
        [
            private(
                "choose_models", "j.spent_micro_usd + cost.highest > j.max_cost_micro_usd", "false"
            )
        ],
        lambda town, tenant: test_budget.test_a_call_without_a_bearable_price(
            town, tenant, "round", 99, "max_cost_exceeded"
        ),
    ),
    "cancel in flight": (
        [("tollhouse_worker.calls_to_abort", "(asked.cancelled or ", "(false or ")],
        test_cancel.test_in_flight,
    ),
    "Retry-After": (
        [private("assess", "(e.result).retry_after_ms,", "")],
        test_retries.test_retry_after_is_respected,
    ),
    "a rejected request is not repeated": (
        [("outcome rejected", "retries", "true")],
        lambda town, tenant: test_retries.test_what_the_provider_rejects_is_not_tried_again(
            town, tenant, 400
        ),
    ),
    "a rejected request trips no breaker": (
        [("outcome rejected", "breaker", "failure")],
        lambda town, tenant: test_retries.test_what_the_provider_rejects_is_not_tried_again(
            town, tenant, 400
        ),
    ),
    "what may be billed is charged": (
        [("outcome timeout", "billing", "nothing")],
        lambda town, tenant: test_retries.test_what_may_pass_is_tried_again(
            town, tenant, "timeout"
        ),
    ),
    "requests are checked": (
        [private("request_problem", EVERYTHING, "begin return null; end")],
        lambda town, tenant: test_bad_input.test_bad_input(town, tenant, "a stream"),
    ),
}


@pytest.fixture(scope="module")
def town(cluster_home: Path) -> Iterator[Town]:
    """Return an installation that may be left in any state."""
    yield from open_town(cluster_home / "guards")


@pytest.fixture(autouse=True)
def watch(town: Town, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Count nothing: what is broken on purpose breaks the invariants too.

    Calls that a guard would have stopped at the provider get their answer soon.
    """
    monkeypatch.setitem(HELD, "delay_ms", 1500)
    yield
    town.mock.clear_faults()
    town.rows("delete from tollhouse_private.kill_switches")
    town.settled()


@pytest.mark.parametrize("guard", GUARDS)
def test_proof_fails_without_its_guard(town: Town, tenant: str, guard: str) -> None:
    """It is red as long as the guard is disabled."""
    edits, check = GUARDS[guard]
    with (
        disabled(town, edits),
        pytest.raises((AssertionError, ValueError, pytest.fail.Exception)) as caught,
    ):
        check(town, tenant)
    print(f"{guard}: {caught.value}")
    assert "not within" not in str(caught.value), "it did not fail, it got stuck"


def test_every_policy_of_the_clients_matters(town: Town, tenant: str) -> None:
    """With any one of them wide open, a stranger sees rows."""
    # Of cancel_requests a client sees no row: its view of jobs says whether a job it sees has one.
    policies = town.rows(
        "select tablename, policyname from pg_catalog.pg_policies"
        " where schemaname = 'tollhouse_private' and 'tollhouse_client' = any (roles)"
        " and tablename <> 'cancel_requests'"
    )
    assert len(policies) >= 11
    with test_9_isolation.furnished(town, tenant) as ann:
        stranger = town.person(f"{tenant}.other")
        for policy in policies:
            edit = (f"policy {policy['tablename']} {policy['policyname']}", "", "true")
            with disabled(town, [edit]), stranger.acting() as connection:
                seen = {name for _, name in test_9_isolation.seen(town, connection, ann.user)}
            assert policy["tablename"] in seen
        with stranger.acting() as connection:
            assert {} == test_9_isolation.seen(town, connection)


def _as_ann(town: Town, tenant: str, check: Callable[[Person], None]) -> None:
    with test_9_isolation.furnished(town, tenant) as ann:
        check(ann)


def _crossing(town: Town, tenant: str, stranger: str) -> None:
    with test_9_isolation.furnished(town, tenant) as ann:
        test_9_isolation.test_no_function_crosses(town, ann, "app", stranger)
