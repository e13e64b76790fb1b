"""The four endpoints, and the rows that two of them leave behind."""

from tollhouse_demo import checks, prompts
from tollhouse_demo.stage import Chapter, Stage

__all__ = ["CHAPTER"]


def _play(stage: Stage) -> None:
    caller = stage.caller("alderbrook-outdoor", "ben.ortiz")
    tenant = caller.tenant
    rows = stage.rows(tenant, "search") + stage.rows(tenant, "video")
    requests = {
        "route": stage.route(tenant, "Is search still growing after the relaunch?"),
        "explanation": stage.explanation(tenant, "why search sold more since the relaunch"),
        "investigation": stage.investigation(tenant, "search kept its sales at lower spend."),
        "budget_optimization": prompts.budget_optimization(610_000, 10, rows),
    }
    call_ids = {}
    for endpoint, request in requests.items():
        request_id = f"first-{endpoint}"
        ticket = caller.enqueue(endpoint, request, request_id, watermark="2026-W35")
        result = caller.wait(ticket.call_id)
        answer = " ".join(str(result["content"]).split())
        stage.screen.step(f"{endpoint}: “{answer[:100]}{'…' if len(answer) > 100 else ''}”")
        call_ids[endpoint] = ticket.call_id
    stage.check(checks.consumed_by_endpoint(stage.auditor, tenant, "first-%", list(requests)))
    for endpoint in ("investigation", "budget_optimization"):
        stage.check(checks.materialized_once(stage.superuser, endpoint, call_ids[endpoint]))


CHAPTER = Chapter(
    title="Four endpoints, end to end",
    intro="ben.ortiz asks each one question. Two endpoints turn the answer into a row.",
    play=_play,
)
