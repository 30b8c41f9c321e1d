"""Beginning a batch: codes in bulk, a shared code, an issue to an audience, single vouchers."""

import secrets
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.audiences.queries import audience, audience_member_ids
from shuke.apps.promotions.models import VoucherBatch, VoucherDefinition, VoucherVersion
from shuke.apps.promotions.operations.definitions import definition_locked
from shuke.apps.promotions.queries.codes import word_hash
from shuke.apps.promotions.rules.codes import normalised_code, normalised_word
from shuke.apps.promotions.rules.keys import request_digest
from shuke.apps.promotions.rules.terms import terms_of
from shuke.platform.audit.operations import record_audit
from shuke.platform.crypto import encrypt
from shuke.platform.errors import Invalid, NotFound, Refused
from shuke.platform.permissions import Actor

MOST_CODES = 5_000_000


def published_version(definition_id: str) -> VoucherVersion:
    """The newest version, with its definition.  Refuses what was not published or has ended."""
    row = VoucherDefinition.objects.filter(public_id=definition_id).first()
    if row is None:
        raise NotFound("voucher_definition_not_found", _("There is no such kind of voucher."))
    if row.status != "published":
        raise Refused(
            "voucher_definition_not_open",
            _("Only a published kind of voucher that has not ended can be issued."),
            {"status": row.status},
        )
    return VoucherVersion.objects.select_related("definition").get(definition=row, number=row.version)


def begin_batch(
    version: VoucherVersion, *, key: str, at: datetime, **values: Any
) -> tuple[VoucherBatch, bool]:
    """A batch with a secret of its own, once for a key; whether it was made now."""
    before = VoucherBatch.objects.select_related("version__definition").filter(key=key).first()
    if before is not None:
        return before, False
    row = VoucherBatch(
        version=version,
        key=key,
        secret_encrypted=encrypt(secrets.token_hex(32)),
        created_at=at,
        **values,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        found = VoucherBatch.objects.select_related("version__definition").filter(key=key).first()
        if found is None:
            raise
        return found, False
    return row, True


def single_batch(version: VoucherVersion, *, at: datetime) -> VoucherBatch:
    """Where a version's vouchers are that are issued or claimed one by one."""
    key = f"single:{version.definition_id}:{version.number}"
    return begin_batch(version, key=key, at=at, kind="single", state="whole", author_name="")[0]


def _begin_asked(
    definition_id: str, *, actor: Actor, at: datetime, key: str, verb: str, **values: Any
) -> VoucherBatch:
    """A batch that a person asked for, audited.  The same key with another request is refused."""
    version = published_version(definition_id)
    given = values | {"author_name": actor.name}
    row, is_new = begin_batch(version, key=f"batch:{key}", at=at, **given)
    wanted = (row.kind, row.wanted, row.audience_id, row.version.definition.public_id, row.word_hash)
    asked = (
        given["kind"],
        given.get("wanted", 0),
        given.get("audience_id", ""),
        definition_id,
        given.get("word_hash"),
    )
    if not is_new and request_digest({"r": wanted}) != request_digest({"r": asked}):
        raise Refused(
            "idempotency_conflict",
            _("This key was used for another request; use a new key for a new request."),
            {"batch": row.public_id},
        )
    if is_new:
        changes = {"kind": [None, row.kind], "wanted": [None, row.wanted]}
        record_audit(actor=actor, at=at, verb=verb, subject=("voucher_batch", row.public_id), changes=changes)
    return row


@transaction.atomic
def order_codes(
    *, actor: Actor, at: datetime, key: str, definition_id: str, count: int, label: str = ""
) -> str:
    """Order so many unique codes; returns the batch, whose codes ``make_codes`` makes in the background."""
    if not 1 <= count <= MOST_CODES:
        raise Invalid(
            "invalid_count", _("Order between 1 and 5,000,000 codes at a time."), {"count": "1–5000000"}
        )
    row = _begin_asked(
        definition_id,
        actor=actor,
        at=at,
        key=key,
        verb="voucher_batch.ordered",
        kind="bulk",
        wanted=count,
        label=_clean(label),
    )
    return row.public_id


@transaction.atomic
def order_issue(
    *, actor: Actor, at: datetime, key: str, definition_id: str, audience_id: str, as_of: date
) -> str:
    """Order a voucher for everybody in an audience as of a day; returns the batch.

    The audience's version and the day are kept, so that the background job, started again, finds the same members.
    """
    found = audience(audience_id, as_of=as_of)
    size = len(audience_member_ids(audience_id, as_of=as_of, version=found.version))
    before = VoucherBatch.objects.filter(key=f"batch:{key}").first()
    row = _begin_asked(
        definition_id,
        actor=actor,
        at=at,
        key=key,
        verb="voucher_batch.ordered",
        kind="audience",
        wanted=before.wanted if before else size,
        label=found.name,
        audience_id=audience_id,
        audience_version=found.version,
        as_of=as_of,
    )
    return row.public_id


@transaction.atomic
def create_shared_code(*, actor: Actor, at: datetime, definition_id: str, word: str, label: str = "") -> str:
    """One code for many, such as ``WELCOME10``; returns the batch.

    It can be guessed, so its limits are what protects it.  Refuses a word that is taken or looks like a unique code.
    """
    plain = normalised_word(word)
    if not (4 <= len(plain) <= 32) or not plain.isalnum():
        raise Invalid("invalid_word", _("A shared code has 4 to 32 letters and digits."), {"word": "4–32"})
    if normalised_code(plain):
        raise Invalid(
            "invalid_word", _("This looks like a unique code; choose another word."), {"word": "taken"}
        )
    # Under the lock of who publishes: a price and a shared code exclude each other.
    definition_locked(definition_id)
    if terms_of(published_version(definition_id).terms).price is not None:
        raise Refused(
            "voucher_has_a_price",
            _(
                "This voucher is exchanged for points; a shared code would give it away. "
                "Copy it and leave the price out."
            ),
        )
    hashed = word_hash(plain)
    taken = VoucherBatch.objects.filter(word_hash=hashed).exclude(
        version__definition__public_id=definition_id
    )
    if taken.exists():
        raise Refused("word_taken", _("This shared code is taken; choose another word."))
    row = _begin_asked(
        definition_id,
        actor=actor,
        at=at,
        key=f"word:{hashed}",
        verb="voucher_batch.ordered",
        kind="shared",
        state="whole",
        label=_clean(label),
        word_hash=hashed,
        word_encrypted=encrypt(plain),
    )
    return row.public_id


@transaction.atomic
def note_export(*, actor: Actor, at: datetime, batch_id: str) -> None:
    """Write down that the codes of a batch leave the house.  Raises ``NotFound``."""
    row = VoucherBatch.objects.filter(public_id=batch_id).first()
    if row is None:
        raise NotFound("voucher_batch_not_found", _("There is no such batch of vouchers."))
    subject = ("voucher_batch", batch_id)
    record_audit(
        actor=actor,
        at=at,
        verb="voucher_batch.exported",
        subject=subject,
        changes={"codes": [None, row.made]},
    )


def _clean(label: str) -> str:
    return label.replace("\x00", "").strip()[:160]
