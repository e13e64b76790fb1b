"""Where a worker listens, and whether it is ready, by its own word."""

import json
import urllib.error
import urllib.request

from tollhouse.demo.process import ChildProcess

__all__ = ["is_ready", "worker_url"]


def worker_url(worker: ChildProcess) -> str | None:
    """Return the address of a worker's HTTP server, which its log names."""
    for line in worker.output.splitlines(keepends=True):
        if '"http_port"' in line and line.endswith("\n"):
            return f"http://127.0.0.1:{json.loads(line)['http_port']}"
    return None


def is_ready(url: str) -> bool | None:
    """Return True when the worker says so, None otherwise."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as reply:  # noqa: S310
            return True if reply.status == 200 else None
    except (urllib.error.URLError, OSError):
        return None
