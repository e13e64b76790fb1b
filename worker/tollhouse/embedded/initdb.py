"""Makes a data directory: UTF-8, sorted by code point on every platform, a password for all."""

import secrets
import shutil
from pathlib import Path

from tollhouse.embedded.places import private_folder
from tollhouse.embedded.programs import Programs
from tollhouse.errors import EmbeddedError

__all__ = ["initialize"]


def initialize(programs: Programs, data: Path, password: Path, *, sync: bool) -> None:
    """Make `data` and the file `password`, or check that the data are of this version.

    An interrupted attempt leaves no data directory: it gets its name when it is complete.
    """
    major = programs.binaries.major
    if (data / "PG_VERSION").is_file():
        made_by = (data / "PG_VERSION").read_text().strip()
        if made_by != str(major):
            raise EmbeddedError(
                f"{data} was made by PostgreSQL {made_by}, the programs are"
                f" {programs.binaries.version}: remove {data.parent} to begin anew"
            )
        return
    private_folder(data.parent, mode=0o711 if programs.account.other else 0o700)
    scratch = data.with_name(f".new-{secrets.token_hex(4)}")
    for_initdb = scratch.with_suffix(".password")
    try:
        scratch.mkdir(mode=0o700)
        programs.account.own(scratch)
        _write_private(password, secrets.token_urlsafe(24))
        _write_private(for_initdb, password.read_text())
        programs.account.own(for_initdb)
        programs.run(
            "initdb",
            f"--pgdata={scratch}",
            "--username=postgres",
            f"--pwfile={for_initdb}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            *_locale(major),
            *(() if sync else ("--no-sync",)),
        )
        scratch.rename(data)
    finally:
        for_initdb.unlink(missing_ok=True)
        shutil.rmtree(scratch, ignore_errors=True)


def _locale(major: int) -> tuple[str, ...]:
    if major >= 17:
        return ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    return ("--locale=C.UTF-8",)


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text)
