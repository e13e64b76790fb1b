"""A part that gives no sign of life is noticed: health reports it, then the process exits."""

import asyncio

import pytest

from tests.support.waiting import PATIENCE
from tests.worker.fakes import eventually
from tollhouse.pulse import HangError, Pulse, Watch


async def test_a_part_that_hangs_is_missed() -> None:
    """The other parts are alive; after a few more checks the watch gives up."""
    well, ill = Pulse(), Pulse()
    watch = Watch({"well": well, "ill": ill}, seconds=0.02)
    beating = asyncio.create_task(well.wait(None))
    watching = asyncio.create_task(watch.run())
    assert watch.alive == {"well": True, "ill": True}
    try:
        async with asyncio.timeout(PATIENCE):
            while watch.alive["ill"]:
                well.beat()
                await asyncio.sleep(0)
            assert watch.alive == {"well": True, "ill": False}
            assert not watching.done()
            while not watching.done():
                well.beat()
                await asyncio.sleep(0)
    finally:
        beating.cancel()
    with pytest.raises(HangError, match="ill"):
        await watching


async def test_a_long_wait_is_no_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that waits for an hour still beats, and returns at once when woken."""
    monkeypatch.setattr("tollhouse.pulse._PIECE_SECONDS", 0.01)
    pulse, event = Pulse(), asyncio.Event()
    waiting = asyncio.create_task(pulse.wait(3600.0, event))
    await eventually(lambda: pulse.beats > 3)
    assert not waiting.done()
    event.set()
    await asyncio.wait_for(waiting, PATIENCE)


async def test_a_wait_ends_in_time() -> None:
    """A wait ends no earlier than requested."""
    clock = asyncio.get_running_loop().time
    begun = clock()
    await Pulse().wait(0.05)
    assert clock() - begun >= 0.05
