"""What a member's standing adds to what purchases earn."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from shuke.apps.loyalty.rules.earning import ONE


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
    """The standings of members at a time."""
    del member_ids, at
    return Standings()
