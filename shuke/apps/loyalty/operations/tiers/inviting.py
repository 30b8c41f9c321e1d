"""Giving a member a tier for some time, and taking that back."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.models import TierInvitation, TierProgram
from shuke.apps.loyalty.operations.tiers.placing import place_members
from shuke.apps.loyalty.queries.tiers.programs import main_program, program_row, published_rows, versions_of
from shuke.apps.loyalty.queries.tiers.standings import invitation_view
from shuke.apps.loyalty.schemas.tiers import TierInvitationView
from shuke.apps.members.queries import member_refs, survivor_of
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Invalid, NotFound, Refused
from shuke.platform.permissions import Actor

LONGEST = timedelta(days=3_660)


def invite_to_tier(
    *,
    actor: Actor,
    at: datetime,
    today: date,
    member_id: str,
    tier: str,
    first_date: date,
    last_date: date,
    reason: str,
    program_id: str = "",
) -> TierInvitationView:
    """Put a member into a tier from a day (today at the earliest) through a day, whatever they spent.

    Raises ``NotFound`` for an unknown member or programme, ``Invalid`` for what cannot be.
    """
    program = program_row(program_id) if program_id else main_program()
    if program is None:
        raise NotFound("tier_program_not_found", _("There is no tier programme yet."))
    _check(program, tier=tier, days=(today, first_date, last_date), reason=reason)
    speaker = survivor_of(member_id)
    with transaction.atomic():
        row = TierInvitation.objects.create(
            program=program,
            member_id=member_refs([speaker])[speaker].pk,
            tier=tier,
            first_date=first_date,
            last_date=last_date,
            reason=reason.strip()[:200],
            actor=actor.name[:120],
            created_at=at,
        )
        changes = {"tier": [None, tier], "first_date": [None, first_date], "last_date": [None, last_date]}
        record_audit(
            actor=actor, at=at, verb="tier_invitation.created", subject=("member", speaker), changes=changes
        )
    place_members(at=at, today=today, member_ids=[speaker])
    return invitation_view(row)


def _check(program: TierProgram, *, tier: str, days: tuple[date, date, date], reason: str) -> None:
    today, first, last = days
    if not reason.strip():
        message = _("Say why, for those who look at it later.")
        raise Invalid("reason_missing", message, {"reason": [message]})
    if first < today:
        message = _("An invitation begins today at the earliest.")
        raise Invalid("invitation_in_the_past", message, {"first_date": [message]})
    if last > today + LONGEST:
        message = _("An invitation lasts ten years at most.")
        raise Invalid("invitation_too_long", message, {"last_date": [message]})
    if last < first:
        message = _("The last day lies before the first.")
        raise Invalid("invitation_reversed", message, {"last_date": [message]})
    versions = [
        version for version in versions_of(published_rows(program)) if version.first <= first.toordinal()
    ]
    if not versions or versions[-1].terms.tier(tier) is None:
        message = _("The programme has no such tier on that day.")
        raise Invalid("tier_unknown", message, {"tier": [message]})


def end_invitation(*, actor: Actor, at: datetime, today: date, invitation_id: str) -> TierInvitationView:
    """Take an invitation back: from today on the member stands where they would without it.

    Raises ``NotFound``; refuses one that is over.
    """
    with transaction.atomic():
        row = TierInvitation.objects.select_for_update().filter(public_id=invitation_id).first()
        if row is None:
            raise NotFound("invitation_not_found", _("There is no such invitation."))
        if row.taken_back_on is not None or row.last_date < today:
            raise Refused("invitation_over", _("The invitation is over already."))
        row.taken_back_on = max(today, row.first_date)
        row.save(update_fields=["taken_back_on"])
        member_id = row.member.public_id
        changes = {"taken_back_on": [None, row.taken_back_on]}
        subject = ("member", member_id)
        record_audit(actor=actor, at=at, verb="tier_invitation.ended", subject=subject, changes=changes)
    place_members(at=at, today=today, member_ids=[survivor_of(member_id)])
    return invitation_view(row)
