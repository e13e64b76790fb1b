"""What a standby with hot_standby_feedback does to its primary, without the standby."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import ExecStatus, PGconn

__all__ = ["feedback"]


@contextmanager
def feedback(url: str, *, application: str = "standby", slot: str = "") -> Iterator[None]:
    """Stream WAL as a superuser and, until closed, report a query with a snapshot of now.

    slot: a physical slot to use, which keeps the snapshot afterwards
    """
    with psycopg.connect(url) as connection:
        (xmin,) = connection.execute(
            "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
        ).fetchone() or (0,)
    walsender = PGconn.connect(
        make_conninfo(
            url,
            replication="true",
            application_name=application,
            options="-c wal_sender_timeout=0",
        ).encode()
    )
    try:
        place = walsender.exec_(b"IDENTIFY_SYSTEM").get_value(0, 2)
        assert place is not None, walsender.error_message
        using = f'SLOT "{slot}"' if slot else ""
        started = walsender.exec_(f"START_REPLICATION {using} PHYSICAL {place.decode()}".encode())
        assert ExecStatus.COPY_BOTH == started.status, walsender.error_message
        # Hot standby feedback: the time, xmin and its epoch, catalog_xmin and its epoch.
        walsender.put_copy_data(
            struct.pack("!cqIIII", b"h", 0, xmin & 0xFFFFFFFF, xmin >> 32, 0, 0)
        )
        walsender.flush()
        yield
    finally:
        walsender.finish()
