"""The worker: it asks the database which calls may go, makes them and reports what came of them.

app.py starts, supervises and stops it. loop.py claims and records through one statement at a time;
inflight.py runs the calls, flusher.py holds their results; leases.py keeps the worker's identity;
notifications.py wakes the loop and stops calls; housekeeping.py settles what dead workers left, and
keeps the tables up.
"""

__all__: list[str] = []
