"""What a connector needs to ask a system: its client, settings and secrets."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import httpx
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from shuke.apps.connections.models import Connection
from shuke.apps.connections.schemas import Pace
from shuke.platform.crypto import decrypt
from shuke.platform.errors import Invalid, Refused
from shuke.sources.connectors import CONNECTORS
from shuke.sources.contract import Connector, Known, Pull, SourceError, nothing_known
from shuke.sources.transport import PoliteTransport


def connector_named(system: str) -> Connector:
    """The connector of a system.  Raises ``Invalid`` with the known ones."""
    if system not in CONNECTORS:
        raise Invalid(
            "unknown_system",
            _("There is no connector of that name."),
            {"system": system[:40], "known": sorted(CONNECTORS)},
        )
    return CONNECTORS[system]


def secrets_of(row: Connection) -> dict[str, str]:
    """The secrets in the clear, for the connector only."""
    return dict(json.loads(decrypt(row.secrets) or "{}"))


@contextmanager
def opened(
    connector: Connector,
    *,
    settings: Mapping[str, str],
    secrets: Mapping[str, str],
    pace: Pace,
    now: datetime,
    known: Known = nothing_known,
    wait: Callable[[float], None] = time.sleep,
) -> Iterator[Pull]:
    """What a pull is given, with a client that is closed at the end.  Raises ``SourceError``."""
    limit = pace.requests_per_second
    transport = PoliteTransport(
        httpx.HTTPTransport(),
        requests_per_second=connector.requests_per_second if limit is None else limit,
        sleep=wait,
    )
    with connector.client(settings=settings, secrets=secrets, transport=transport) as http:
        yield Pull(http=http, settings=settings, now=now, known=known, wait=wait)


def refusal_of_source(error: SourceError) -> Refused:
    """The refusal that a person sees, in the active language."""
    facts: dict[str, Any] = {name: str(value)[:200] for name, value in error.facts.items()}
    return Refused(error.code, gettext(error.template).format(**error.facts), facts)
