"""Doing a till's call once: the key's row is the first lock, and it lives or dies with what the call did."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from ninja import Schema

from shuke.apps.loyalty.models import CheckoutCall
from shuke.apps.loyalty.operations.once import IdempotencyConflict
from shuke.apps.loyalty.rules.chain import canonical
from shuke.apps.loyalty.schemas import CallOutcome
from shuke.platform.calls import one_call
from shuke.platform.crypto import keyed_hash
from shuke.platform.errors import Refused
from shuke.platform.inserting import insert_new


@dataclass(frozen=True)
class Call:
    """What every call comes with: a key of its own, who asks, and when."""

    key: str
    actor: str
    at: datetime


@dataclass(frozen=True)
class Done:
    """What a call answers, and whose account it was."""

    answer: Schema
    member_pk: int | None = None


def once_only(call: Call, *, name: str, body: Mapping[str, Any], act: Callable[[], Done]) -> CallOutcome:
    """Carry a call out in one database transaction, or give a repeated one its old answer.

    A second call with the key waits until the first has ended.  Raises ``IdempotencyConflict``; whatever
    ``act`` raises undoes everything, the key as well.
    """
    digest = keyed_hash(canonical({"call": name, **body}), purpose="checkout")
    with transaction.atomic():
        row, is_new = _claimed(call, name=name, digest=digest)
        if not is_new:
            return _replayed(row, digest)
        with one_call():
            done = act()
        answer = done.answer.model_dump(mode="json")
        CheckoutCall.objects.filter(key=row.key).update(answer=answer, member=done.member_pk)
        return CallOutcome(outcome="created", answer=answer)


def _claimed(call: Call, *, name: str, digest: str) -> tuple[CheckoutCall, bool]:
    """The key's row and whether it is this call's.  PostgreSQL waits here for another call with the key."""
    mine = CheckoutCall(key=call.key, call=name, request_hash=digest, at=call.at)
    if insert_new(mine):
        return mine, True
    return CheckoutCall.objects.get(key=call.key), False


def _replayed(row: CheckoutCall, digest: str) -> CallOutcome:
    if row.request_hash != digest:
        raise IdempotencyConflict(
            "idempotency_conflict",
            _("This key was used for another request; use a new key for a new request."),
            {"call": row.call},
        )
    if not row.answer:
        raise Refused("answer_forgotten", _("The member was erased, and this answer with them."))
    return CallOutcome(outcome="replayed", answer=row.answer)
