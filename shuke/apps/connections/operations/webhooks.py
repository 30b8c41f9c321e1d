"""Messages of connected systems: checked before anything, remembered once, and pulled rather than believed."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from shuke.apps.connections.events import SyncRequested
from shuke.apps.connections.models import Connection, SyncRun, WebhookDelivery
from shuke.apps.connections.queries.opening import connector_named, secrets_of
from shuke.apps.connections.schemas import WebhookAnswer
from shuke.platform.crypto import decrypt, encrypt, keyed_hash
from shuke.platform.errors import Invalid, NotFound, NotPermitted
from shuke.platform.events import emit
from shuke.platform.privacy import Trace
from shuke.sources.contract import ForgedWebhookError, WebhookNews

MOST_BYTES = 2**20
#: How long deliveries are remembered; shops repeat for hours, and a signature is good for minutes.
KEEP_DELIVERIES = timedelta(days=30)
KEEP_RUNS = timedelta(days=90)


def receive_webhook(
    *, at: datetime, webhook_id: str, headers: Mapping[str, str], body: bytes
) -> WebhookAnswer:
    """Take a message in.  ``headers`` are lower-case.

    Raises ``NotFound`` for an unknown address and ``NotPermitted`` for a forged message, which changes
    nothing but a count.
    """
    row = Connection.objects.filter(webhook_id=webhook_id).first()
    if row is None:
        raise NotFound("webhook_not_found", _("There is no such address."))
    if len(body) > MOST_BYTES:
        raise Invalid("webhook_too_large", _("The message is larger than 1 MiB."))
    try:
        connector = connector_named(row.system)
        news = connector.webhook(headers=headers, body=body, secrets=secrets_of(row), now=at)
    except ForgedWebhookError as error:
        Connection.objects.filter(pk=row.pk).update(forged_webhooks=F("forged_webhooks") + 1)
        raise NotPermitted(
            "webhook_forged", _("The message is not signed as this connection expects, or it is too old.")
        ) from error
    if news.is_ping or news.stream not in connector.streams:
        return WebhookAnswer(result="ping")
    return WebhookAnswer(result="accepted" if _remember(row, news, body=body, at=at) else "repeated")


@transaction.atomic
def _remember(row: Connection, news: WebhookNews, *, body: bytes, at: datetime) -> bool:
    """Note the delivery and queue its pull; false for one that was seen."""
    _delivery, is_new = WebhookDelivery.objects.get_or_create(
        connection=row,
        delivery=hashlib.sha256(news.delivery_id.encode("utf-8", "surrogatepass")).hexdigest(),
        body_hash=_body_hash(body),
        defaults={"stream": news.stream, "record": encrypt(news.external_id or ""), "received_at": at},
    )
    if is_new and row.state == "active":
        queued = SyncRun.objects.filter(connection=row, state="queued", trigger="webhook").first()
        run = queued or SyncRun.objects.create(
            connection=row, trigger="webhook", actor_name="webhook", created_at=at
        )
        emit(SyncRequested(run.public_id))
    return is_new


def _body_hash(body: bytes) -> str:
    return keyed_hash(hashlib.sha256(body).hexdigest(), purpose="webhook")


def forget_deliveries(traces: Sequence[Trace]) -> int:
    """Forget records that messages named and nobody has pulled yet, if they are these people.

    The next run finds what changed by its cursor.  Returns how many messages were changed.
    """
    numbers = {value for trace in traces for value in trace.values("external")}
    waiting = WebhookDelivery.objects.filter(pulled_at=None).exclude(record=b"")
    theirs = [row.pk for row in waiting if decrypt(row.record) in numbers]
    return WebhookDelivery.objects.filter(pk__in=theirs).update(record=b"")


def delete_old_runs(*, at: datetime) -> int:
    """Forget deliveries and runs after their retention; returns how many rows went."""
    deliveries, _by = WebhookDelivery.objects.filter(received_at__lt=at - KEEP_DELIVERIES).delete()
    old = SyncRun.objects.filter(created_at__lt=at - KEEP_RUNS).exclude(
        state__in=("queued", "running", "waiting")
    )
    runs, _by = old.delete()
    return deliveries + runs
