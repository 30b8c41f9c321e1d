"""What people decide about themselves in the preference centre, and what it offers them."""

import re
from collections.abc import Collection, Mapping
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.compliance.models import Brand, ConsentAsk
from shuke.apps.compliance.operations.consent import record_consents, withdraw_all
from shuke.apps.compliance.queries.preferences import preferences_of
from shuke.apps.compliance.schemas import Decision
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Invalid, NotFound, Refused
from shuke.platform.permissions import SYSTEM, Actor

SOURCE = "preference_centre"
CODE = re.compile(r"[a-z0-9_-]{1,40}")


@transaction.atomic
def save_preferences(
    *, at: datetime, member_id: str, granted: Collection[int], place: str, language: str
) -> int:
    """Write down what a member chose: of each consent that was shown, with its text, where it changed.

    ``granted`` names the asks that are ticked.  Returns how many changed.
    """
    decisions = [
        Decision(
            member_id=member_id,
            channel=shown.channel,
            purpose=shown.purpose,
            state="granted" if shown.ask_id in granted else "withdrawn",
            decided_at=at,
            source=SOURCE,
            brand=shown.brand,
            place=place,
            wording=shown.text,
            language=language,
        )
        for shown in preferences_of(member_id, language=language)
        if shown.is_granted != (shown.ask_id in granted)
    ]
    return record_consents(actor=SYSTEM, at=at, decisions=decisions)


def leave_everything(*, at: datetime, member_id: str, place: str, language: str) -> int:
    """Withdraw whatever holds, also what is not shown any more.  Returns how many consents ended."""
    return withdraw_all(
        actor=SYSTEM, at=at, member_id=member_id, source=SOURCE, place=place, language=language
    )


@transaction.atomic
def save_ask(
    *,
    actor: Actor,
    at: datetime,
    channel: str,
    purpose: str,
    texts: Mapping[str, str],
    brand: str = "",
    position: int = 0,
    is_offered: bool = True,
    ask_id: int | None = None,
) -> int:
    """Add a consent to the preference centre or change it; returns its number.

    Refuses one without a text, and one that is asked already.  Who agreed to an earlier text agreed to that.
    """
    _check(channel=channel, purpose=purpose, brand=brand, texts=texts)
    row = ConsentAsk() if ask_id is None else ConsentAsk.objects.filter(pk=ask_id).first()
    if row is None:
        raise NotFound("ask_not_found", _("There is no such consent."))
    before = dict(row.texts)
    row.brand, row.channel, row.purpose = brand, channel, purpose
    row.texts = {code: text.strip() for code, text in texts.items() if text.strip()}
    row.position, row.is_offered = position, is_offered
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise Refused("ask_exists", _("This consent is asked already.")) from error
    changes = {"texts": [before, row.texts], "is_offered": [None, is_offered]}
    subject = ("consent", f"{brand}/{channel}/{purpose}"[:60])
    record_audit(actor=actor, at=at, verb="consent.asked", subject=subject, changes=changes)
    return row.pk


def _check(*, channel: str, purpose: str, brand: str, texts: Mapping[str, str]) -> None:
    known = {code for code, _name in settings.LANGUAGES}
    if not CODE.fullmatch(channel) or not CODE.fullmatch(purpose) or len(channel) > 20 or len(purpose) > 20:
        raise Invalid("invalid_code", _("Channel and purpose are short words in small letters."), {})
    if brand and not Brand.objects.filter(code=brand).exists():
        raise Invalid("unknown_brand", _("There is no such brand."), {"brand": brand[:40]})
    if not any(text.strip() for text in texts.values()) or set(texts) - known:
        raise Invalid("no_text", _("Write what people agree to, in one language at least."), {})


@transaction.atomic
def delete_ask(*, actor: Actor, at: datetime, ask_id: int) -> None:
    """Ask no more.  Decisions stay with their texts."""
    row = ConsentAsk.objects.filter(pk=ask_id).first()
    if row is None:
        raise NotFound("ask_not_found", _("There is no such consent."))
    subject = ("consent", f"{row.brand}/{row.channel}/{row.purpose}"[:60])
    row.delete()
    record_audit(actor=actor, at=at, verb="consent.unasked", subject=subject, changes={})


@transaction.atomic
def save_brand(*, actor: Actor, at: datetime, code: str, name: str) -> None:
    """Add a brand that asks for consent of its own, or rename it."""
    if not CODE.fullmatch(code) or not name.strip():
        raise Invalid("invalid_code", _("A brand has a name, and a code in small letters and digits."), {})
    Brand.objects.update_or_create(code=code, defaults={"name": name.strip()[:80]})
    record_audit(actor=actor, at=at, verb="brand.saved", subject=("brand", code), changes={})
