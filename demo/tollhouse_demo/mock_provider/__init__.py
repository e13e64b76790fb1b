"""A provider to test against: a real HTTP server with faults on demand and a bill of its own."""

from tollhouse_demo.mock_provider.server import MODELS, MockProvider, run, start

__all__ = ["MODELS", "MockProvider", "run", "start"]
