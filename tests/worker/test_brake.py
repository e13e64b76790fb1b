"""A worker that reaches no provider claims one call at a time and hands the rest back unsent."""

import asyncio

from tests.worker.fakes import FakeGate, eventually, make_call, success
from tests.worker.test_loop import running
from tollhouse.providers import LOCAL_TROUBLE, Call, Outcome
from tollhouse.worker.inflight import Brake


def unreachable(call: Call) -> Outcome:
    """Return the outcome for an unreachable provider."""
    return Outcome.of(call, "unreachable", error_code="connect_failed")


async def test_a_few_count_and_the_others_are_handed_back() -> None:
    """A hundred fail at once; a single call that reaches a provider releases the brake."""
    brake = Brake()
    outcomes = [brake.judge(unreachable(make_call())).outcome for _ in range(100)]
    assert outcomes == ["unreachable"] * 3 + ["not_sent"] * 97
    assert brake.on
    probe = make_call()
    brake.probe(probe.call_id)
    assert brake.judge(unreachable(probe)).outcome == "unreachable"
    brake.judge(success(make_call()))
    assert not brake.on
    assert brake.judge(unreachable(make_call())).outcome == "unreachable"
    assert not brake.on


async def test_trouble_of_our_own_slows_at_once() -> None:
    """The pause grows with each probe, not with each of many calls."""
    brake, now = Brake(), asyncio.get_running_loop().time
    ours = "not_sent", LOCAL_TROUBLE
    begun = now()
    brake.judge(Outcome.of(make_call(), ours[0], error_code=ours[1]))  # type: ignore[arg-type]
    assert brake.until - now() <= 0.25 <= brake.until - begun
    until = brake.until
    for _ in range(49):
        brake.judge(Outcome.of(make_call(), ours[0], error_code=ours[1]))  # type: ignore[arg-type]
    assert brake.on
    assert brake.until == until
    for pause in (0.5, 1, 2, 4, 8, 15, 15, 15, 15, 15):
        probe = make_call()
        brake.probe(probe.call_id)
        begun = now()
        brake.judge(Outcome.of(probe, "not_sent", error_code=LOCAL_TROUBLE))
        assert brake.until - now() <= pause <= brake.until - begun


async def test_what_is_our_own_decision_says_nothing() -> None:
    """An unsendable request, an abort and a lost lease don't count as trouble."""
    brake = Brake()
    for _ in range(50):
        for outcome in ("rejected", "aborted", "not_sent", "not_configured"):
            brake.judge(Outcome.of(make_call(), outcome))
    assert not brake.on


async def test_the_loop_claims_one_at_a_time_until_one_gets_through() -> None:
    """The pause between claims grows; then the loop claims as many as before."""
    gate = FakeGate()
    gate.claims = [[make_call() for _ in range(4)], *([make_call()] for _ in range(5))]
    reached = False

    async def complete(call: Call) -> Outcome:
        return success(call) if reached else unreachable(call)

    async with running(gate) as parts:
        parts.inflight.complete = complete
        parts.inflight.brake._failed = 2
        parts.loop.wake()
        await eventually(lambda: parts.inflight.brake._pause > 0.5)
        assert set(gate.limits[1:]) == {1}
        reached = True
        await eventually(lambda: not parts.inflight.brake.on)
        parts.loop._poll_at = 0.0
        parts.loop.wake()
        await eventually(lambda: gate.limits[-1] == 4)
