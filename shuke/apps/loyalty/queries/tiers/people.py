"""The members to place, each with their facts, invitations and first day."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from shuke.apps.loyalty.models import TierInvitation, TierProgram
from shuke.apps.loyalty.queries.tiers.facts import MemberFacts
from shuke.apps.loyalty.rules.tiers import Invitation, Person
from shuke.apps.members.queries import membership_beginnings
from shuke.platform.clock import business_date
from shuke.platform.retailer.queries import retailer


@dataclass
class People:
    """By public id: the person, the day (an ordinal) from which they can have a tier, the database key."""

    persons: dict[str, Person] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)


def people_of(
    *,
    program: TierProgram,
    facts: MemberFacts,
    absorbed: Mapping[str, Collection[str]],
    member_ids: Collection[str] | None,
) -> People:
    """Every active member, or those of ``member_ids`` only."""
    invited = _invitations(program)
    zone = retailer().time_zone
    found = People()
    for row in membership_beginnings(member_ids):
        own = facts.get(row.public_id, {})
        days = [counted.rows[0][0] for counted in own.values() if counted.rows]
        made = business_date(row.created_at, zone).toordinal()
        joined = row.joined_on.toordinal() if row.joined_on else min([*days, made])
        invitations = [
            invitation
            for member_id in (row.public_id, *absorbed.get(row.public_id, ()))
            for invitation in invited.get(member_id, ())
        ]
        found.persons[row.public_id] = Person(joined=joined, facts=own, invitations=invitations)
        found.starts[row.public_id] = min([*days, joined])
        found.keys[row.public_id] = row.pk
    return found


def _invitations(program: TierProgram) -> dict[str, list[Invitation]]:
    found: dict[str, list[Invitation]] = {}
    rows = TierInvitation.objects.filter(program=program).order_by("pk")
    columns = ("member__public_id", "public_id", "tier", "first_date", "last_date", "taken_back_on")
    for member_id, public_id, tier, first, last, taken_back in rows.values_list(*columns):
        found.setdefault(member_id, []).append(
            Invitation(
                id=public_id,
                tier=tier,
                first=first.toordinal(),
                last=last.toordinal(),
                taken_back=taken_back.toordinal() if taken_back else None,
            )
        )
    return found
