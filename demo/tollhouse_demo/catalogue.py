"""What an operator sets up on the first day: providers, models, prices, endpoints."""

import psycopg

__all__ = ["ENDPOINTS", "PRICES", "PROVIDERS", "price", "register"]

PROVIDERS = ("mock-a", "mock-b")
_REASON = "set up by the demo"
# model: provider, and the USD that a million tokens of input, cached input and output cost
_MODELS: dict[str, tuple[str, float, float, float]] = {
    "mock-small": ("mock-a", 0.40, 0.10, 1.60),
    "mock-large": ("mock-a", 2.50, 0.60, 10.00),
    "mock-reserve": ("mock-b", 3.00, 0.75, 12.00),
}
ENDPOINTS: dict[str, tuple[str, ...]] = {
    "route": ("mock-small",),
    "explanation": ("mock-small", "mock-reserve"),
    "investigation": ("mock-large", "mock-reserve"),
    "budget_optimization": ("mock-large", "mock-reserve"),
}
"""Each endpoint's models in order of preference."""
PRICES = {
    model: {"input": dollars[0], "cached_input": dollars[1], "output": dollars[2]}
    for model, (_, *dollars) in _MODELS.items()
}
"""USD per million tokens, by model and kind."""


def register(operator: psycopg.Connection) -> None:
    """Register everything through the operator functions; raises psycopg.Error."""
    for provider in PROVIDERS:
        operator.execute("select tollhouse_ops.set_provider(%s, %s)", (provider, _REASON))
    for model, (provider, *_) in _MODELS.items():
        operator.execute(
            "select tollhouse_ops.set_model(%s, %s, %s, %s)", (model, provider, model, _REASON)
        )
        for kind in PRICES[model]:
            operator.execute(
                "select tollhouse_ops.set_price(%s, %s, %s, %s)",
                (model, kind, price(model, kind), _REASON),
            )
    for endpoint, models in ENDPOINTS.items():
        operator.execute(
            "select tollhouse_ops.set_task_type(%s, %s, p_models => %s, p_backoff_ms => 100)",
            (endpoint, _REASON, list(models)),
        )


def price(model: str, kind: str) -> int:
    """Return a price in micro-USD per million tokens."""
    return round(PRICES[model][kind] * 1_000_000)
