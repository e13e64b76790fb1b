"""What is kept of requests and answers, and what is not."""

from collections.abc import Sequence

import psycopg

from tollhouse.demo.checks.observation import Check, observe

__all__ = ["nothing_kept", "samples_complete", "samples_only_paid"]


def samples_complete(connection: psycopg.Connection, *, keeping_nothing: Sequence[str]) -> Check:
    """Every answer that a provider gave has its sample, whole, except of those tenants."""
    row = connection.execute(
        "select count(*) from tollhouse.llm_api_calls where status = 'success' and not was_cached"
        " and tenant_id <> all (%s)",
        (list(keeping_nothing),),
    ).fetchone()
    answered = row[0] if row else 0
    return observe(
        connection,
        f"each of {answered} answers has request, response, reasoning, metadata",
        "select count(*) as samples, count(request) as requests, count(response) as responses,"
        " count(reasoning) as reasonings, count(metadata) as metadata"
        " from tollhouse.distillation_samples",
        (),
        dict.fromkeys(("samples", "requests", "responses", "reasonings", "metadata"), answered),
    )


def samples_only_paid(connection: psycopg.Connection) -> Check:
    """No sample of a call that was cached, blocked, failed or cancelled."""
    return observe(
        connection,
        "no sample of a cached, blocked, failed or cancelled call",
        "select count(*) as others from tollhouse.distillation_samples as s"
        " join tollhouse.llm_api_calls as c using (tenant_id, call_id)"
        " where c.was_cached or c.status <> 'success' or not c.provider_attempted",
        (),
        {"others": 0},
    )


def nothing_kept(connection: psycopg.Connection, tenant: str) -> Check:
    """Not a word of a tenant whose policy is none, though it was answered."""
    return observe(
        connection,
        f"{tenant} was answered, and nothing of it was kept",
        "select count(*) > 0 as answered, count(content_ref) + count(reasoning_ref)"
        " + count(metadata_ref) as refs, (select count(*) from tollhouse.call_content as cc"
        " where cc.tenant_id = %s) as contents from tollhouse.llm_api_calls"
        " where tenant_id = %s and status = 'success'",
        (tenant, tenant),
        {"answered": True, "refs": 0, "contents": 0},
    )
