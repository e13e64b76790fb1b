"""The demo: a stack of real processes, real input, and a story that proves each guard."""

__all__: list[str] = []
