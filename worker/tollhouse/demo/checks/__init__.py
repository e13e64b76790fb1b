"""Things that can be observed from outside: each function asks once and returns a Check.

A connection is the auditor's, which reads every tenant's rows and changes nothing, unless the
function says otherwise. A key is (tenant, endpoint, request id),
which in the demo is one user's.
"""

from tollhouse.demo.checks.bill import (
    billed,
    charge_covers_bill,
    requests_match_bill,
    tokens_match_bill,
)
from tollhouse.demo.checks.breakers import breaker_is
from tollhouse.demo.checks.budgets import cap_held, spend_matches_ledger
from tollhouse.demo.checks.call import (
    Key,
    answered_from_cache,
    blocked,
    consumed,
    materialized_once,
    one_call,
)
from tollhouse.demo.checks.calls import attempts_of, consumed_by_endpoint, nothing_lost, statuses
from tollhouse.demo.checks.content import nothing_kept, samples_complete, samples_only_paid
from tollhouse.demo.checks.isolation import (
    Identify,
    finds_nothing,
    malformed_identity,
    reachable,
    refuses,
    sees_nothing,
    sees_own,
)
from tollhouse.demo.checks.observation import Check, observe, outcome, tally

__all__ = [
    "Check",
    "Identify",
    "Key",
    "answered_from_cache",
    "attempts_of",
    "billed",
    "blocked",
    "breaker_is",
    "cap_held",
    "charge_covers_bill",
    "consumed",
    "consumed_by_endpoint",
    "finds_nothing",
    "malformed_identity",
    "materialized_once",
    "nothing_kept",
    "nothing_lost",
    "observe",
    "one_call",
    "outcome",
    "reachable",
    "refuses",
    "requests_match_bill",
    "samples_complete",
    "samples_only_paid",
    "sees_nothing",
    "sees_own",
    "spend_matches_ledger",
    "statuses",
    "tally",
    "tokens_match_bill",
]
