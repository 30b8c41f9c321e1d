"""Recording permission."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.compliance.events import ConsentWithdrawn
from shuke.apps.compliance.models import Consent, ConsentDecision, Suppression
from shuke.apps.compliance.schemas import Decision
from shuke.apps.members.queries import member_refs
from shuke.apps.members.schemas import MemberRef
from shuke.platform.audit.operations import record_audit
from shuke.platform.batches import in_batches
from shuke.platform.errors import NotFound
from shuke.platform.events import emit
from shuke.platform.outbox.operations import record
from shuke.platform.permissions import Actor
from shuke.platform.privacy import erase_all
from shuke.platform.warehouse import lake


@transaction.atomic
def record_consents(*, actor: Actor, at: datetime, decisions: Sequence[Decision]) -> int:
    """Add decisions; the newest per member, channel and purpose holds.  A repeated decision changes nothing.

    Decisions of unknown members are left out.  Returns how many were new.
    """
    refs = member_refs({decision.member_id for decision in decisions})
    known = _new_decisions(refs, decisions)
    ConsentDecision.objects.bulk_create(
        [
            ConsentDecision(
                member_id=refs[d.member_id].pk,
                channel=d.channel,
                purpose=d.purpose,
                state=d.state,
                decided_at=d.decided_at,
                recorded_at=at,
                source=d.source,
                evidence=dict(d.evidence),
            )
            for d in known
        ],
        batch_size=1000,
    )
    _hold_newest(refs, known)
    record("consents", (_fact(decision) for decision in known))
    for decision in known:
        if decision.state == "withdrawn":
            emit(
                ConsentWithdrawn(decision.member_id, decision.channel, decision.purpose, decision.decided_at)
            )
    if known and actor.kind != "system":
        changes = {"decisions": [0, len(known)], "members": sorted({d.member_id for d in known})[:20]}
        record_audit(
            actor=actor,
            at=at,
            verb="consent.recorded",
            subject=("consent", known[0].member_id),
            changes=changes,
        )
    return len(known)


def _fact(decision: Decision) -> dict[str, object]:
    return {
        "member_id": decision.member_id,
        "channel": decision.channel,
        "purpose": decision.purpose,
        "state": decision.state,
        "decided_at": decision.decided_at,
        "source": decision.source,
    }


def _new_decisions(refs: dict[str, MemberRef], decisions: Iterable[Decision]) -> list[Decision]:
    by_key = {
        (refs[d.member_id].pk, d.channel, d.purpose, d.decided_at): d
        for d in decisions
        if d.member_id in refs
    }
    for pks in in_batches({key[0] for key in by_key}):
        rows = ConsentDecision.objects.filter(member_id__in=pks)
        for key in rows.values_list("member_id", "channel", "purpose", "decided_at"):
            by_key.pop(key, None)
    return list(by_key.values())


def _hold_newest(refs: dict[str, MemberRef], decisions: Iterable[Decision]) -> None:
    newest: dict[tuple[int, str, str], Decision] = {}
    for decision in sorted(decisions, key=lambda d: d.decided_at):
        newest[refs[decision.member_id].pk, decision.channel, decision.purpose] = decision
    for pks in in_batches({key[0] for key in newest}):
        held = Consent.objects.select_for_update().filter(member_id__in=pks)
        for row in held:
            decision_or_none = newest.get((row.member_id, row.channel, row.purpose))
            if decision_or_none and decision_or_none.decided_at <= row.decided_at:
                newest.pop((row.member_id, row.channel, row.purpose))
    Consent.objects.bulk_create(
        [
            Consent(member_id=pk, channel=channel, purpose=purpose, state=d.state, decided_at=d.decided_at)
            for (pk, channel, purpose), d in newest.items()
        ],
        update_conflicts=True,
        unique_fields=["member", "channel", "purpose"],
        update_fields=["state", "decided_at"],
        batch_size=1000,
    )


@transaction.atomic
def suppress(*, at: datetime, member_ids: Iterable[str], channel: str, reason: str) -> int:
    """Stop a channel for members, such as after a hard bounce; the first reason stays.

    Returns how many are new.
    """
    refs = member_refs(member_ids)
    before = Suppression.objects.filter(channel=channel).count()
    Suppression.objects.bulk_create(
        [
            Suppression(member_id=ref.pk, channel=channel, reason=reason, suppressed_at=at)
            for ref in refs.values()
        ],
        ignore_conflicts=True,
        batch_size=1000,
    )
    return Suppression.objects.filter(channel=channel).count() - before


@transaction.atomic
def lift_suppression(*, actor: Actor, at: datetime, member_id: str, channel: str) -> bool:
    """Allow the channel again, such as after a corrected address.  Whether there was a suppression."""
    deleted, __ = Suppression.objects.filter(member__public_id=member_id, channel=channel).delete()
    if deleted:
        changes = {"channel": [channel, None]}
        record_audit(
            actor=actor, at=at, verb="suppression.lifted", subject=("member", member_id), changes=changes
        )
    return bool(deleted)


@transaction.atomic
def forget_permission(*, member_id: str) -> None:
    """Delete every decision and suppression of a member."""
    for model in (ConsentDecision, Consent, Suppression):
        model.objects.filter(member__public_id=member_id).delete()


@transaction.atomic
def erase_member(*, actor: Actor, at: datetime, member_id: str) -> int:
    """Erase a person everywhere: every app's own rows, and the person's facts in the lake.

    The lake is emptied before the transaction ends, so a failure there leaves the identifiers in
    place and the erasure can be run again.  Returns the number of lake rows deleted.  Raises
    ``NotFound`` for an unknown member.
    """
    if member_id not in member_refs([member_id]):
        raise NotFound("member_not_found", _("There is no such member."))
    person_keys = erase_all(member_id, at)
    record_audit(actor=actor, at=at, verb="member.erased", subject=("member", member_id), changes={})
    removed = [*lake().delete_persons(person_keys).values(), *lake().delete_members({member_id}).values()]
    return sum(removed)
