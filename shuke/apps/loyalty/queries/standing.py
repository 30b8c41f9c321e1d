"""What a member's standing adds to what purchases earn: the tier, and by how much it multiplies."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from shuke.apps.loyalty.queries.benefits import benefits_of, terms_on
from shuke.apps.loyalty.queries.tiers import tiers_of
from shuke.apps.loyalty.rules.earning import ONE
from shuke.platform.clock import business_date
from shuke.platform.retailer.queries import retailer


@dataclass(frozen=True)
class Standing:
    """The member's tier (empty: none), and by how much it multiplies the ground rate of points to spend."""

    tier: str = ""
    multiplier: Fraction = ONE

    def multipliers(self, spendable: Collection[str]) -> dict[str, Fraction]:
        """The multiplier by points type: growth value, which is never spent, measures what was bought."""
        return {} if self.multiplier == ONE else dict.fromkeys(spendable, self.multiplier)


@dataclass(frozen=True)
class Standings:
    """Standings of members by public id; those who have none stand at the bottom."""

    by_member: Mapping[str, Standing] = field(default_factory=dict)

    def of(self, member_id: str) -> Standing:
        """The standing of one member."""
        return self.by_member.get(member_id, Standing())


def standings_of(member_ids: Collection[str], *, at: datetime) -> Standings:
    """The standings of members at a time; one query for all where no benefit multiplies points."""
    tiers = tiers_of(member_ids, at=at)
    multiplies = any(
        benefit.kind == "points" for benefit in terms_on(business_date(at, retailer().time_zone))
    )
    found = {}
    for member_id, tier in tiers.items():
        multiplier = benefits_of(member_id, at=at).points_multiplier if multiplies else ONE
        found[member_id] = Standing(tier, multiplier)
    return Standings(found)
