"""Reading permission."""

from collections.abc import Iterable

from shuke.apps.compliance.models import Consent, ConsentDecision, Suppression
from shuke.apps.compliance.schemas import ConsentView, DecisionView, Verdict
from shuke.apps.members.queries import member_refs
from shuke.apps.members.schemas import MemberRef
from shuke.platform.batches import in_batches


def may_contact(member_ids: Iterable[str], *, channel: str, purpose: str) -> dict[str, Verdict]:
    """For each member whether a message of that purpose may go out on the channel now, and why not."""
    wanted = list(dict.fromkeys(member_ids))
    refs = member_refs(wanted)
    pks = {ref.pk: public_id for public_id, ref in refs.items()}
    states: dict[str, str] = {}
    suppressed: dict[str, str] = {}
    for batch in in_batches(pks):
        consents = Consent.objects.filter(member_id__in=batch, channel=channel, purpose=purpose)
        states |= {pks[pk]: state for pk, state in consents.values_list("member_id", "state")}
        rows = Suppression.objects.filter(member_id__in=batch, channel=channel)
        suppressed |= {pks[pk]: reason for pk, reason in rows.values_list("member_id", "reason")}
    return {member_id: _verdict(member_id, refs, states, suppressed) for member_id in wanted}


def _verdict(
    member_id: str, refs: dict[str, MemberRef], states: dict[str, str], suppressed: dict[str, str]
) -> Verdict:
    if member_id not in refs:
        return Verdict(allowed=False, reason="unknown_member")
    if member_id in suppressed:
        return Verdict(allowed=False, reason=f"suppressed:{suppressed[member_id]}")
    state = states.get(member_id)
    if state == "granted":
        return Verdict(allowed=True)
    return Verdict(allowed=False, reason="withdrawn" if state == "withdrawn" else "no_consent")


def consents_of(member_id: str) -> list[ConsentView]:
    """The newest decisions of a member."""
    rows = Consent.objects.filter(member__public_id=member_id).order_by("channel", "purpose")
    return [ConsentView.from_orm(row) for row in rows]


def suppressions_of(member_id: str) -> dict[str, str]:
    """Reason by channel."""
    return dict(Suppression.objects.filter(member__public_id=member_id).values_list("channel", "reason"))


def suppressed_members() -> list[tuple[str, str]]:
    """(member id, channel) of every suppression, for audiences that must be reachable."""
    return list(Suppression.objects.values_list("member__public_id", "channel"))


def decisions_of(member_id: str) -> list[DecisionView]:
    """Every decision of a member, newest first."""
    rows = ConsentDecision.objects.filter(member__public_id=member_id).order_by("-decided_at", "-pk")[:200]
    return [DecisionView.from_orm(row) for row in rows]
