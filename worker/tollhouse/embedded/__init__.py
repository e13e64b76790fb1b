"""A PostgreSQL server of our own: found, made, started and stopped without any installation."""

from tollhouse.embedded.binaries import Binaries, find_binaries
from tollhouse.embedded.cluster import Cluster
from tollhouse.embedded.places import cache_home, state_home

__all__ = ["Binaries", "Cluster", "cache_home", "find_binaries", "state_home"]
