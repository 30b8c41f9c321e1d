"""Two transactions whose outbox rows commit in another order than their ids; run as a program.

The transaction that began first draws the higher id and commits first.  Then everything committed is
relayed, then the other one commits, then again.  Besides the relay's own positions two watermarks that
look sufficient are tried, to show that they lose the second row: the id alone, and the id of rows whose
transaction is older than every running one.
"""

import os
from datetime import UTC, datetime
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "shuke.config.settings"
django.setup()

SELECT = {
    "id": "SELECT id, payload FROM outbox_outboxrow WHERE id > %s ORDER BY id",
    "xid": "SELECT id, payload FROM outbox_outboxrow WHERE id > %s "
    "AND age(xmin) > age(pg_snapshot_xmin(pg_current_snapshot())::xid) ORDER BY id",
}


def fact(name: str) -> dict[str, Any]:
    """A row to be recognised by its name."""
    at = datetime(2026, 11, 24, 12, tzinfo=UTC)
    return {"person_key": name, "member_id": "mem", "kind": "email", "valid_from": at, "draw": 1}


class Reader:
    """Relays by one of the two insufficient watermarks."""

    def __init__(self, watermark: str) -> None:
        self.select = SELECT[watermark]
        self.last_id = 0
        self.arrived: list[str] = []

    def relay(self) -> None:
        """Take what the watermark shows."""
        import json

        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(self.select, [self.last_id])
            for row_id, payload in cursor.fetchall():
                items = json.loads(payload) if isinstance(payload, str) else payload
                self.arrived += [item["person_key"] for item in items]
                self.last_id = row_id


def relay_by_position() -> None:
    """The real thing."""
    from shuke.platform.outbox.relay import relay_once

    relay_once()


def main(watermark: str) -> None:
    """Print the names that arrived, sorted and joined by commas."""
    from django.db import connections, transaction

    from shuke.platform.outbox.operations import record

    other = connections.create_connection("default")
    reader = Reader(watermark) if watermark in SELECT else None
    relay = reader.relay if reader else relay_by_position
    with transaction.atomic():
        _draw_xid(connections["default"])
        other.set_autocommit(False)
        _draw_xid(other)
        _insert(other, "late")
        record("identity_map", [fact("early")])
    relay()
    other.commit()
    other.set_autocommit(True)
    relay()
    print(",".join(sorted(reader.arrived if reader else _arrived())))


def _draw_xid(connection: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()")


def _insert(connection: Any, name: str) -> None:
    import json

    payload = json.dumps([fact(name)], default=lambda value: value.isoformat())
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO outbox_outboxrow ("table", payload, recorded_at, fault) VALUES (%s, %s, now(), %s)',
            ["identity_map", payload, ""],
        )


def _arrived() -> list[str]:
    from shuke.platform.warehouse import lake

    with lake().read() as snapshot:
        names: list[str] = snapshot.table("identity_map").person_key.to_pyarrow().to_pylist()
    return names
