"""Where stacks keep their clusters: a folder of one's own that the server's account can enter."""

import os
import tempfile
from pathlib import Path

from tollhouse.embedded import state_home
from tollhouse.embedded.places import private_folder

__all__ = ["demo_folder", "up_folder"]


def demo_folder() -> Path:
    """Return a new folder for one run of the demo."""
    home = _home()
    folder = Path(tempfile.mkdtemp(prefix="demo-", dir=home))
    folder.chmod(_mode())
    return folder


def up_folder() -> Path:
    """Return the folder that `tollhouse up` keeps its data in."""
    return _home() / "up"


def _home() -> Path:
    return private_folder(state_home(), mode=_mode())


def _mode() -> int:
    return 0o711 if os.geteuid() == 0 else 0o700
