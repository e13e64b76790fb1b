"""Where clusters and copied binaries are kept."""

import os
from collections.abc import Mapping
from pathlib import Path

from tollhouse.errors import EmbeddedError

__all__ = ["cache_home", "private_folder", "state_home"]


def state_home(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder for clusters that outlive a command: TOLLHOUSE_HOME, or the usual place."""
    return _home(environ, "XDG_STATE_HOME", ".local/state", "/var/lib")


def cache_home(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder for what can be made anew: TOLLHOUSE_HOME/cache, or the usual place."""
    if environ.get("TOLLHOUSE_HOME"):
        return Path(environ["TOLLHOUSE_HOME"]).absolute() / "cache"
    return _home(environ, "XDG_CACHE_HOME", ".cache", "/var/cache")


def private_folder(path: Path, *, mode: int) -> Path:
    """Create a folder that only we can write to; refuse one that somebody else can.

    As root these folders hold programs and data of another account: a folder planted by a
    stranger would let them choose what runs.
    """
    path.mkdir(mode=mode, parents=True, exist_ok=True)
    found = path.stat()
    if found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise EmbeddedError(f"{path} belongs to, or can be written by, another account")
    path.chmod(mode)
    return path


def _home(environ: Mapping[str, str], variable: str, under_home: str, for_root: str) -> Path:
    if environ.get("TOLLHOUSE_HOME"):
        return Path(environ["TOLLHOUSE_HOME"]).absolute()
    if os.geteuid() == 0:
        return Path(for_root, "tollhouse")
    base = environ.get(variable) or Path(environ.get("HOME") or Path.home(), under_home)
    return Path(base, "tollhouse").absolute()
