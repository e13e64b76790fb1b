"""Tollhouse: the gate that every LLM call of a Postgres application passes through."""

__all__ = ["__version__"]

__version__ = "0.1.0"
