"""How long after a kill switch's commit the last of a thousand calls in flight is hung up."""

import argparse
import select
import shutil
import socket
import statistics
import tempfile
import threading
import time
from pathlib import Path

from bench import work
from tollhouse_demo.stack import Stack

__all__ = ["measure"]

_SECONDS = 120.0


class _Silent:
    """A provider that takes requests, never answers, and notes when its clients hang up.

    A thread and epoll: what it measures is the worker, not a server of its own.
    """

    def __init__(self, calls: int) -> None:
        self.all_asked, self.all_hung_up = threading.Event(), threading.Event()
        self.hung_up: list[float] = []
        self._calls = calls
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/v1"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        asked: dict[int, socket.socket] = {}
        with self._listening, select.epoll() as epoll:
            while len(asked) < self._calls:
                connection, _ = self._listening.accept()
                asked[connection.fileno()] = connection
            for connection in asked.values():
                connection.recv(65536)
                epoll.register(connection, select.EPOLLRDHUP | select.EPOLLONESHOT)
            self.all_asked.set()
            while len(self.hung_up) < self._calls:
                found = epoll.poll(maxevents=self._calls)
                self.hung_up += [time.monotonic()] * len(found)
            self.all_hung_up.set()
            for connection in asked.values():
                connection.close()


def main() -> None:
    """Measure, print, clean up."""
    parser = argparse.ArgumentParser(prog="python -m bench.killswitch", description=__doc__)
    parser.add_argument("--calls", type=int, default=1000, help="calls in flight")
    parser.add_argument("--rounds", type=int, default=5, help="times the switch is pulled")
    given = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="tollhouse-bench-", dir="/var/tmp"))
    directory.chmod(0o711)
    try:
        with Stack(directory, durable=True, workers=0) as stack:
            work.turn_everything_on(stack)
            print(
                f"{given.calls} calls in flight; from the commit of the switch to the hang-ups, ms"
            )
            lasts = []
            for number in range(1, given.rounds + 1):
                first, last = measure(stack, given.calls)
                lasts.append(last)
                print(f"  round {number}: first {first:4.0f}   last {last:4.0f}", flush=True)
            print(f"  last: median {statistics.median(lasts):.0f}, worst {max(lasts):.0f}")
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def measure(stack: Stack, calls: int) -> tuple[float, float]:
    """Return how many milliseconds after the commit the first and the last call was hung up."""
    silent = _Silent(calls)
    worker = stack.start_worker(
        TOLLHOUSE_PROVIDER_MOCK_A_BASE_URL=silent.url,
        TOLLHOUSE_PROVIDER_MOCK_B_BASE_URL=silent.url,
        TOLLHOUSE_CONCURRENCY=str(calls),
    )
    work.enqueue(stack, calls, use_cache=False)
    assert silent.all_asked.wait(_SECONDS), "not all calls went out"
    committed = _stop_everything(stack)
    assert silent.all_hung_up.wait(_SECONDS), "not all calls were stopped"
    stack.stop_worker(worker)
    with stack.connect("operator") as operator:
        operator.execute("select tollhouse_ops.resume_everything('bench')")
    first, last = min(silent.hung_up), max(silent.hung_up)
    return (first - committed) * 1000, (last - committed) * 1000


def _stop_everything(stack: Stack) -> float:
    with stack.connect("operator") as operator:
        operator.execute("select tollhouse_ops.stop_everything('bench')")
        return time.monotonic()


if __name__ == "__main__":
    main()
