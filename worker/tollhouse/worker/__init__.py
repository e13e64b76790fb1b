"""The worker: it asks the database which calls may go, makes them and reports what came of them.

main.py starts and stops it, app.py puts its parts together. loop.py claims and records through
one statement at a time; inflight.py runs the calls; failures.py logs those that failed; flusher.py
holds their results; leases.py keeps the worker's identity, heartbeat.py renews it; listener.py and
control.py wake it and stop calls; keeper.py settles what dead workers left, and does upkeep.
"""

__all__: list[str] = []
