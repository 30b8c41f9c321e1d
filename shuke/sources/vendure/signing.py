"""Webhooks of a Vendure shop.

Vendure has none of its own; a plug-in of some forty lines sends them (docs/guides/connect-a-shop.md),
signed as the Standard Webhooks specification says.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from shuke.sources.contract import ForgedWebhookError, WebhookNews
from shuke.sources.records import Record, loads, part, words

TOLERANCE = timedelta(minutes=5)
_STREAMS = {"order": "orders", "customer": "members", "product": "products", "stock": "stock"}


def news_of(headers: Mapping[str, str], body: bytes, *, secret: str, now: datetime) -> WebhookNews:
    """What a signed message says.  Raises ``ForgedWebhookError``."""
    delivery, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    sent_at = _time(stamp)
    if not delivery or sent_at is None or abs(now - sent_at) > TOLERANCE:
        raise ForgedWebhookError("The webhook has no id, or its time is not now.")
    if not _is_signed(
        headers.get("webhook-signature", ""), body, secret=secret, delivery=delivery, at=sent_at
    ):
        raise ForgedWebhookError("The webhook's signature is not that of its body.")
    try:
        record = loads(body)
    except ValueError as error:
        raise ForgedWebhookError("The webhook is not JSON.") from error
    if not isinstance(record, Mapping):
        raise ForgedWebhookError("The webhook is no record.")
    return _news(record, delivery, sent_at)


def _news(record: Record, delivery: str, sent_at: datetime) -> WebhookNews:
    noun = (words(record, "type") or "").split(".")[0]
    stream = _STREAMS.get(noun, "")
    number = part(record, "data").get("id")
    external_id = str(number) if isinstance(number, str | int) and not isinstance(number, bool) else None
    return WebhookNews(delivery, stream, external_id, is_ping=not stream, occurred_at=sent_at)


def _time(stamp: str) -> datetime | None:
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        return None
    try:
        return datetime.fromtimestamp(int(stamp), tz=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _is_signed(signatures: str, body: bytes, *, secret: str, delivery: str, at: datetime) -> bool:
    """Whether one of the signatures is right; after a change of the secret a message carries two."""
    try:
        expected = Webhook(secret).sign(msg_id=delivery, timestamp=at, data=body.decode())
    except (EmptyWebhookSecretError, ValueError):
        return False
    given = [signature for signature in signatures.split(" ") if signature.startswith("v1,")]
    return any(hmac.compare_digest(expected.encode(), signature.encode()) for signature in given)
