"""What members allow, now and as of any day."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from shuke.apps.compliance.models import Consent, ConsentDecision
from shuke.apps.compliance.queries.suppression import suppressed_among
from shuke.apps.compliance.rules import Held, Told, effective, held
from shuke.apps.compliance.schemas import ConsentView, DecisionView, Verdict
from shuke.apps.members.queries import absorbed_members, member_refs
from shuke.apps.members.schemas import MemberRef
from shuke.platform.batches import in_batches

HISTORY = 200


def may_contact(
    member_ids: Iterable[str], *, channel: str, purpose: str, brand: str = ""
) -> dict[str, Verdict]:
    """For each member whether a message of that purpose may go out on the channel now, and why not.

    A message of no brand in particular asks for a consent to all brands.
    """
    wanted = list(dict.fromkeys(member_ids))
    refs = member_refs(wanted)
    pks = {ref.pk: public_id for public_id, ref in refs.items()}
    states: dict[str, dict[str, Held]] = defaultdict(dict)
    suppressed: dict[str, str] = {}
    for batch in in_batches(pks):
        rows = Consent.objects.filter(
            member_id__in=batch, channel=channel, purpose=purpose, brand__in={"", brand}
        )
        for pk, own, state, since in rows.values_list("member_id", "brand", "state", "decided_at"):
            states[pks[pk]][own] = Held(state, since)
        suppressed |= {pks[pk]: reason for pk, reason in suppressed_among(batch, channel=channel).items()}
    return {
        member_id: _verdict(member_id, refs, _state(states[member_id], brand), suppressed)
        for member_id in wanted
    }


def _state(by_brand: dict[str, Held], brand: str) -> str | None:
    found = effective(by_brand.get(brand), by_brand.get(""))
    return found.state if found else None


def _verdict(
    member_id: str, refs: dict[str, MemberRef], state: str | None, suppressed: dict[str, str]
) -> Verdict:
    if member_id not in refs:
        return Verdict(allowed=False, reason="unknown_member")
    if member_id in suppressed:
        return Verdict(allowed=False, reason=f"suppressed:{suppressed[member_id]}")
    if state == "granted":
        return Verdict(allowed=True)
    return Verdict(allowed=False, reason="withdrawn" if state == "withdrawn" else "no_consent")


def consents_of(member_id: str) -> list[ConsentView]:
    """What holds for a member now, by brand, channel and purpose."""
    rows = Consent.objects.filter(member__public_id=member_id).order_by("brand", "channel", "purpose")
    return [ConsentView.from_orm(row) for row in rows]


def consents_as_of(
    member_id: str, *, at: datetime | None = None, known: datetime | None = None
) -> list[ConsentView]:
    """What held for a member at a moment, as far as it was known at another."""
    found: dict[tuple[str, str, str], list[Told]] = defaultdict(list)
    for row in _decisions(member_id):
        told = Told(row.decided_at, row.recorded_at, row.revision, row.state)
        found[row.brand, row.channel, row.purpose].append(told)
    views = []
    for (brand, channel, purpose), rows in sorted(found.items()):
        state = held(rows, at=at, known=known)
        if state is not None:
            views.append(
                ConsentView(
                    brand=brand,
                    channel=channel,
                    purpose=purpose,
                    state=state.state,
                    decided_at=state.decided_at,
                )
            )
    return views


def _decisions(member_id: str) -> list[ConsentDecision]:
    """Every decision of a member and of those merged into it, newest first."""
    ids = [member_id, *absorbed_members(member_id)]
    rows = ConsentDecision.objects.filter(Q(member__public_id__in=ids)).select_related("wording", "member")
    return list(rows.order_by("-decided_at", "-revision", "-pk"))


def decisions_of(member_id: str) -> list[DecisionView]:
    """Every decision of a member, newest first."""
    return [DecisionView.of(row) for row in _decisions(member_id)[:HISTORY]]
