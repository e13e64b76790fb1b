"""The story's chapters, in the order in which they are told."""

from tollhouse_demo.chapters import (
    breaker,
    bulk,
    cache,
    cancel,
    crash,
    dashboards,
    distillation,
    duplicates,
    endpoints,
    isolation,
    kill_switch,
    limits,
    shutoff,
)

__all__ = ["CHAPTERS"]

CHAPTERS = (
    bulk.CHAPTER,
    endpoints.CHAPTER,
    cache.CACHE,
    cache.COALESCING,
    breaker.CHAPTER,
    kill_switch.CHAPTER,
    shutoff.CHAPTER,
    duplicates.CHAPTER,
    limits.RATE_LIMIT,
    limits.CAP,
    cancel.CHAPTER,
    crash.CHAPTER,
    distillation.CHAPTER,
    isolation.CHAPTER,
    dashboards.CHAPTER,
)
