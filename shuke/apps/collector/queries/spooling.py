"""The spool of this machine, and what the collector needs to know of the database."""

from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

from shuke.apps.collector.models import WriteKey
from shuke.apps.collector.schemas import Lag
from shuke.platform.warehouse import lake
from shuke.sources.collector.grants import Grant
from shuke.sources.collector.spool import Spool


def spool() -> Spool:
    """The spool below the home directory.  Cheap: nothing is opened."""
    return Spool(Path(settings.SHUKE_HOME) / "spool")


def transaction_app(held: Spool) -> str:
    """Under which name the lake's commits carry the position in a spool."""
    return f"shuke.spool.{held.identity}"


def grants() -> dict[str, Grant]:
    """Every key that opens now, by its hash: those not revoked, of sources that are not closed."""
    rows = WriteKey.objects.filter(revoked_at=None, source__is_active=True)
    values = rows.values_list("key_hash", "role", "source__public_id", "source__events_per_second")
    return {key_hash: Grant(source, role, rate) for key_hash, role, source, rate in values}


def loader_lag() -> Lag:
    """What was acknowledged and is not in the lake yet."""
    held = spool()
    if not held.folder.exists():
        return Lag(bytes=0, oldest_at=None)
    waiting, written = held.waiting(lake().transaction_version("events", transaction_app(held)))
    return Lag(bytes=waiting, oldest_at=datetime.fromtimestamp(written, UTC) if written else None)
