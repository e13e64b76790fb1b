"""What state a breaker is in."""

import psycopg

from tollhouse.demo.checks.observation import Check, observe

__all__ = ["breaker_is"]


def breaker_is(
    connection: psycopg.Connection, tenant: str, user: str, provider: str, state: str
) -> Check:
    """The state of one user's breaker; no row means closed."""
    return observe(
        connection,
        f"the breaker of {user} is {state.replace('_', '-')}",
        "select coalesce(min(state), 'closed') as state from tollhouse.breakers"
        " where (tenant_id, user_id, provider) = (%s, %s, %s)",
        (tenant, user, provider),
        {"state": state},
    )
