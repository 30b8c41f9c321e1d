"""Consents and suppressed addresses that come in bulk, and what devices say."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from shuke.apps.compliance.models import DeviceDecision
from shuke.apps.compliance.operations.consent import record_consents
from shuke.apps.compliance.operations.owners import owners_of
from shuke.apps.compliance.operations.suppression import suppress_addresses
from shuke.apps.compliance.operations.wording import wordings
from shuke.apps.compliance.queries.suppression import normal_address, shown
from shuke.apps.compliance.schemas import Decision, DeviceWord, ImportedConsent
from shuke.platform.permissions import SYSTEM

#: Which channel an address is suppressed on where the list does not say.
CHANNEL_OF = {"email": "email", "phone": "sms"}
#: Channels that reach a phone number.
PHONE_CHANNELS = frozenset({"sms", "phone"})


def import_consents(*, at: datetime, rows: Sequence[ImportedConsent]) -> tuple[int, list[int]]:
    """Record decisions of a file.  Returns how many were new, and the numbers of rows whose person is nobody."""
    owners = owners_of({row.person_key for row in rows})
    decisions = [
        Decision(
            member_id=owners[row.person_key],
            channel=row.channel,
            purpose=row.purpose,
            state=row.state,
            decided_at=row.decided_at,
            source=row.source,
            brand=row.brand,
            place=row.place,
            wording=row.wording,
            language=row.language,
        )
        for row in rows
        if row.person_key in owners
    ]
    unknown = [row.row_no for row in rows if row.person_key not in owners]
    return record_consents(actor=SYSTEM, at=at, decisions=decisions), unknown


def import_suppressions(
    *, at: datetime, rows: Sequence[Mapping[str, Any]], source: str, region: str
) -> tuple[int, list[tuple[int, str]]]:
    """Put addresses on the list.  Returns how many are new, and (row number, kind) of what is no address."""
    listed: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    wrong: list[tuple[int, str]] = []
    for row in rows:
        for kind in ("email", "phone"):
            if not row[kind]:
                continue
            address = normal_address(kind, row[kind], region=region)
            if address is None:
                wrong.append((row["row_no"], kind))
                continue
            channel = _channel(kind, row["channel"])
            listed[channel, row["suppression_reason"] or "asked"][address] = shown(kind, address)
    new = sum(
        suppress_addresses(
            actor=SYSTEM, at=at, channel=channel, addresses=addresses, reason=reason, source=source
        )
        for (channel, reason), addresses in listed.items()
    )
    return new, wrong


def _channel(kind: str, named: str | None) -> str:
    fits = named in PHONE_CHANNELS if kind == "phone" else named == "email"
    return str(named) if named and fits else CHANNEL_OF[kind]


@transaction.atomic
def hear_devices(words: Sequence[DeviceWord]) -> int:
    """Keep what devices said; of those that belong to a member it is the member's decision at once.

    The same word twice is once.  Returns how many words were heard.
    """
    owners = owners_of({word.person_key for word in words})
    mine = [(owners[w.person_key], w) for w in words if w.person_key in owners]
    if mine:
        at = max(word.decided_at for _owner, word in mine)
        record_consents(actor=SYSTEM, at=at, decisions=[_decision(owner, word) for owner, word in mine])
    strangers = [word for word in words if word.person_key not in owners]
    texts = wordings(("", word.wording) for word in strangers)
    DeviceDecision.objects.bulk_create(
        [
            DeviceDecision(
                person_key=w.person_key,
                channel=w.channel,
                purpose=w.purpose,
                state=w.state,
                decided_at=w.decided_at,
                recorded_at=w.decided_at,
                source=w.source[:80],
                place=w.place,
                wording_id=texts.get(("", w.wording)),
                evidence=dict(w.evidence),
            )
            for w in strangers
        ],
        ignore_conflicts=True,
        batch_size=1000,
    )
    return len(words)


def _decision(member_id: str, word: DeviceWord) -> Decision:
    return Decision(
        member_id,
        word.channel,
        word.purpose,
        word.state,
        word.decided_at,
        word.source,
        evidence=word.evidence,
        place=word.place,
        wording=word.wording,
    )


def adopt_devices(*, at: datetime, limit: int = 5_000) -> int:
    """Give members what their devices said before they were known to be theirs.  Returns how many decisions.

    What belongs to nobody yet stays.
    """
    keys = list(DeviceDecision.objects.order_by("person_key").values_list("person_key", flat=True).distinct())
    adopted = 0
    for start in range(0, len(keys), limit):
        owners = owners_of(keys[start : start + limit])
        with transaction.atomic():
            rows = list(DeviceDecision.objects.filter(person_key__in=owners).select_related("wording"))
            record_consents(
                actor=SYSTEM, at=at, decisions=[_adopted(owners[row.person_key], row) for row in rows]
            )
            DeviceDecision.objects.filter(pk__in=[row.pk for row in rows]).delete()
        adopted += len(rows)
    return adopted


def _adopted(member_id: str, row: DeviceDecision) -> Decision:
    return Decision(
        member_id,
        row.channel,
        row.purpose,
        row.state,
        row.decided_at,
        row.source,
        evidence=row.evidence,
        brand=row.brand,
        place=row.place,
        wording=row.wording.body if row.wording else "",
        language=row.wording.language if row.wording else "",
    )
