"""Which account of the machine runs the server: PostgreSQL refuses to run as root."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tollhouse.errors import EmbeddedError

__all__ = ["Account"]


@dataclass(frozen=True, kw_only=True)
class Account:
    """The account that the server's processes get; `other` when it is not our own."""

    uid: int
    gid: int
    other: bool

    @classmethod
    def for_server(cls) -> "Account":
        """Choose `postgres`, else `nobody`, when we are root; ourselves otherwise."""
        if os.geteuid() != 0:
            return cls(uid=os.geteuid(), gid=os.getegid(), other=False)
        for name in ("postgres", "nobody"):
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(uid=entry.pw_uid, gid=entry.pw_gid, other=True)
        raise EmbeddedError("no account postgres or nobody: PostgreSQL can't run as root")

    def popen_options(self) -> dict[str, Any]:
        """Return the options of subprocess that switch to this account."""
        if not self.other:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Hand a path to this account."""
        if self.other:
            os.chown(path, self.uid, self.gid)
