"""What to type for `tollhouse` here."""

import shutil
import sys
from pathlib import Path
from shlex import quote

__all__ = ["program"]


def program() -> str:
    """Return the command, quoted for a shell; by its whole path where it is not on the PATH."""
    beside = Path(sys.executable).with_name("tollhouse")
    return "tollhouse" if shutil.which("tollhouse") else quote(str(beside))
