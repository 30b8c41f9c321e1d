"""Where answers lie between being given and being in the lake."""

from pathlib import Path

from django.conf import settings

from shuke.apps.recommendations.adapters.list_writer import list_spools
from shuke.platform.crypto import keyed_hash
from shuke.sources.collector.spool import Spool

#: The source that stands in every record.
SOURCE = "recommendations"


def list_root() -> Path:
    """The folder of the spools below the home directory."""
    return Path(settings.SHUKE_HOME) / "list-spool"


def spools() -> list[Spool]:
    """Every spool of answers on this machine."""
    return list_spools(list_root())


def transaction_app(held: Spool) -> str:
    """Under which name the lake's commits carry the position in a spool."""
    return f"shuke.lists.{held.identity}"


def device_key(anonymous_id: str) -> str:
    """How a device is named in spool and lake: equal for equal devices, and not to be read back."""
    return "dev_" + keyed_hash(anonymous_id, purpose="recommendation-device")[:32] if anonymous_id else ""
