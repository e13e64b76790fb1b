"""What the worker knows about providers: a claimed call goes out, an outcome comes back.

`Call` and `Outcome` mirror the columns of `tollhouse_worker.claim` and the objects that
`tollhouse_worker.record` takes. Nothing here retries, waits for a turn or judges an outcome.
"""

from .call import Call
from .openai import OpenAIProvider
from .outcome import Outcome, OutcomeName
from .redact import Redactor
from .registry import ProviderConfig, Providers
from .room import Room
from .wire import LOCAL_TROUBLE, open_session

__all__ = [
    "LOCAL_TROUBLE",
    "Call",
    "OpenAIProvider",
    "Outcome",
    "OutcomeName",
    "ProviderConfig",
    "Providers",
    "Redactor",
    "Room",
    "open_session",
]
