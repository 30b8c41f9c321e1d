"""What members have used of limits over time, while orders and events are told under the locks of the wallets."""

from collections.abc import Mapping
from datetime import date

from shuke.apps.loyalty.models import EarningCount
from shuke.apps.loyalty.rules.earning_limits import Counts, month_of
from shuke.apps.members.queries import family_keys_of


class UsedCaps:
    """Counts by member, read when first asked for and written together."""

    def __init__(self) -> None:
        self._counts: dict[int, Counts] = {}

    def of(self, member_pk: int) -> Counts:
        """What the member and all that it is one person with have used; what is added is the member's own."""
        if member_pk not in self._counts:
            rows = EarningCount.objects.filter(member_id__in=family_keys_of(member_pk))
            found: dict[int, dict[tuple[str, str], int]] = {member_pk: {}}
            for pk, scope, period, used in rows.values_list("member_id", "scope", "period", "used"):
                found.setdefault(pk, {})[scope, period] = used
            for pk, used_by in found.items():
                self._counts.setdefault(pk, Counts(used_by))
            family = [self._counts[pk] for pk in found]
            # One who had no row yet comes to those who were read before.
            family += [one for known in family for one in known.family if one not in family]
            for known in family:
                known.family = family
        return self._counts[member_pk]

    def bring(self, member_pk: int, *, on: date, before: Mapping[str, int], now: Mapping[str, int]) -> None:
        """Let an order of that day use ``now`` instead of ``before`` of the caps of the day and of its month."""
        for scope in dict.fromkeys((*before, *now)):
            more = now.get(scope, 0) - before.get(scope, 0)
            if more:
                for period in (on.isoformat(), month_of(on)):
                    self.of(member_pk).add(scope, period, more)

    def write(self) -> None:
        """Write what has changed."""
        rows = [
            EarningCount(member_id=member, scope=scope, period=period, used=counts.own(scope, period))
            for member, counts in self._counts.items()
            for scope, period in sorted(counts.changed)
        ]
        EarningCount.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["member", "scope", "period"],
            update_fields=["used"],
            batch_size=500,
        )
        for counts in self._counts.values():
            counts.changed.clear()
