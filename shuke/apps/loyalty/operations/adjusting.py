"""Points by hand: at once up to a limit, above it by two people."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Sum
from django.db.models.functions import Abs
from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.models import Adjustment, PointsTransaction, PointsType, Wallet
from shuke.apps.loyalty.operations.once import IdempotencyConflict, wallet_id
from shuke.apps.loyalty.operations.points import adjust_points
from shuke.apps.loyalty.queries.adjustments import adjustment_row, adjustment_view
from shuke.apps.loyalty.queries.types import points_type_row, points_type_view
from shuke.apps.loyalty.rules.chain import request_hash
from shuke.apps.loyalty.schemas import PointsTypeView, Request
from shuke.apps.loyalty.schemas.care import AdjustmentView
from shuke.platform.accounts.queries import tokens, users
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Invalid, Refused
from shuke.platform.permissions import Actor

#: What one person gives or takes of one wallet within this time counts as one adjustment.
TOGETHER = timedelta(hours=24)
LONGEST_NOTE = 1000


def request_adjustment(
    *,
    actor: Actor,
    at: datetime,
    key: str,
    member_id: str,
    points_type: str,
    points: int,
    reason: str,
    note: str = "",
) -> AdjustmentView:
    """Give or take points by hand; above the limit of the points type it waits for a second person.

    The same key with the same request gives the same answer again, with another one it is refused.
    Raises ``PointsShort`` if there is too little to take.
    """
    actor.require("points.adjust")
    reason, note = reason.strip(), note.strip()[:LONGEST_NOTE]
    if not reason or not key:
        raise Invalid("reason_missing", _("An adjustment needs a reason and somebody who answers for it."))
    if points == 0:
        raise Invalid("invalid_points", _("An adjustment of zero changes nothing."))
    asked = {"member": member_id, "type": points_type, "points": points, "reason": reason}
    digest = request_hash({"operation": "request_adjustment", **asked})
    pk = wallet_id(member_id, points_type=points_type, at=at)
    with transaction.atomic():
        # The lock makes requests for one wallet wait for each other, so that halves are seen as a whole.
        wallet = Wallet.objects.select_for_update(of=("self",)).select_related("points_type").get(pk=pk)
        before = Adjustment.objects.filter(key=key).first()
        if before is not None:
            return _repeated(before, digest)
        row = Adjustment(
            key=key,
            request_hash=digest,
            member_id=wallet.member_id,
            points_type=wallet.points_type,
            points=points,
            reason=reason[:60],
            note=note,
            state="waiting",
            requester_id=person_behind(actor),
            requester_name=actor.name,
            requested_at=at,
        )
        if not _needs_second(row):
            _post(row, actor=actor, at=at)
        row.save(force_insert=True)
        verb = "points.adjusted" if row.state == "posted" else "adjustment.requested"
        _audit(row, verb, actor=actor, at=at)
        return adjustment_view(row)


def _repeated(before: Adjustment, digest: str) -> AdjustmentView:
    if before.request_hash != digest:
        raise IdempotencyConflict(
            "idempotency_conflict",
            _("This key was used for another request; use a new key for a new request."),
            {"adjustment_id": before.public_id},
        )
    return adjustment_view(before)


def _needs_second(row: Adjustment) -> bool:
    """Whether this and what the same person did to the wallet lately is more than one may do alone."""
    limit = row.points_type.adjustment_limit
    if limit is None:
        return False
    lately = Adjustment.objects.filter(
        member_id=row.member_id,
        points_type=row.points_type,
        requester_id=row.requester_id,
        requested_at__gt=row.requested_at - TOGETHER,
        state="posted",
        # What a second person has seen needs no third one.
        decider_id="",
    )
    done = lately.aggregate(total=Sum(Abs(F("points"))))["total"] or 0
    return done + abs(row.points) > limit


def _post(row: Adjustment, *, actor: Actor, at: datetime) -> None:
    request = Request(
        key=f"adjustment:{row.key}",
        actor=actor.name,
        at=at,
        source=row.public_id,
        reason=row.reason,
        note=row.note,
    )
    outcome = adjust_points(
        request=request,
        member_id=row.member.public_id,
        points_type=row.points_type.code,
        points=row.points,
    )
    row.transaction = PointsTransaction.objects.get(public_id=outcome.transaction_id)
    row.state = "posted"


def approve_adjustment(*, actor: Actor, at: datetime, adjustment_id: str) -> AdjustmentView:
    """Post what waits.  Refuses the one who asked for it, and programs.

    Approved again by the same person it gives the same answer.  Raises ``PointsShort`` if what was to be
    taken is gone; then it goes on waiting.
    """
    return _decide(adjustment_id, actor=actor, at=at, state="posted", answer="")


def reject_adjustment(*, actor: Actor, at: datetime, adjustment_id: str, answer: str = "") -> AdjustmentView:
    """Refuse what waits, with an answer for the one who asked; nothing is posted."""
    return _decide(adjustment_id, actor=actor, at=at, state="rejected", answer=answer[:LONGEST_NOTE])


@transaction.atomic
def _decide(adjustment_id: str, *, actor: Actor, at: datetime, state: str, answer: str) -> AdjustmentView:
    actor.require("points.approve")
    if actor.kind == "token":
        raise Refused("person_needed", _("A person must approve, not a program."))
    row = adjustment_row(adjustment_id, lock=True)
    if row.state == state and row.decider_id == actor.id:
        return adjustment_view(row)
    if row.state != "waiting":
        raise Refused(
            "already_decided",
            _("This adjustment has been decided already."),
            {"state": row.state, "by": row.decider_name},
        )
    if row.requester_id == actor.id:
        raise Refused(
            "second_person_needed", _("Somebody other than the one who asked must decide on this adjustment.")
        )
    row.decider_id, row.decider_name, row.decided_at = actor.id, actor.name, at
    row.state, row.answer = state, answer
    if state == "posted":
        _post(row, actor=actor, at=at)
    row.save()
    verb = "adjustment.approved" if state == "posted" else "adjustment.rejected"
    _audit(row, verb, actor=actor, at=at)
    return adjustment_view(row)


@transaction.atomic
def set_adjustment_limit(
    *, actor: Actor, at: datetime, points_type: str, limit: int | None
) -> PointsTypeView:
    """Say how many points of a type one person may give or take alone; ``None`` for any number."""
    actor.require("loyalty.edit")
    if limit is not None and limit < 0:
        raise Invalid("invalid_limit", _("The limit must be a whole number, zero or more."))
    points_type_row(points_type)
    row = PointsType.objects.select_for_update().get(code=points_type)
    changes = {"adjustment_limit": [row.adjustment_limit, limit]}
    row.adjustment_limit = limit
    row.save(update_fields=["adjustment_limit"])
    record_audit(
        actor=actor, at=at, verb="points_type.changed", subject=("points_type", points_type), changes=changes
    )
    return points_type_view(row)


def person_behind(actor: Actor) -> str:
    """The id of the user who acts, or whose program does: nobody approves what their own program asked for."""
    if actor.kind != "token":
        return actor.id
    owner = next((token.owner for token in tokens() if token.id == actor.id), None)
    return next((user.id for user in users() if user.username == owner), actor.id)


def _audit(row: Adjustment, verb: str, *, actor: Actor, at: datetime) -> None:
    changes = {
        "points": [None, row.points],
        "points_type": [None, row.points_type.code],
        "reason": [None, row.reason],
        "adjustment": [None, row.public_id],
        "state": [None, row.state],
    }
    record_audit(actor=actor, at=at, verb=verb, subject=("member", row.member.public_id), changes=changes)
