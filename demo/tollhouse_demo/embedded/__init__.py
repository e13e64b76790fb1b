"""A PostgreSQL server of our own: found, made, started and stopped without any installation."""

from tollhouse_demo.embedded.binaries import (
    Binaries,
    EmbeddedError,
    cache_home,
    find_binaries,
    private_folder,
    state_home,
)
from tollhouse_demo.embedded.cluster import Cluster

__all__ = [
    "Binaries",
    "Cluster",
    "EmbeddedError",
    "cache_home",
    "find_binaries",
    "private_folder",
    "state_home",
]
