"""Birthdays as events: each member's, once a year, on the local day."""

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shuke.apps.loyalty.operations.earning.posting import ToldEvent
from shuke.apps.loyalty.queries.birthdays import LifeDays, life_days
from shuke.apps.loyalty.queries.earning_plans import Plans
from shuke.platform.clock import business_date
from shuke.platform.retailer.queries import retailer

#: The name of the event in the rules.
BIRTHDAY = "Birthday"


@dataclass(frozen=True)
class Birthdays:
    """Birthdays of members, of those whose birthday is known."""

    days: Mapping[str, LifeDays]
    plans: Plans
    time_zone: str
    at: datetime

    @classmethod
    def known(cls, plans: Plans, *, at: datetime) -> "Birthdays":
        """Birthdays of all active members, if a rule speaks of them."""
        speaks = any(rule.event == BIRTHDAY for plan in plans.plans for rule in plan.events)
        return cls(life_days() if speaks else {}, plans, retailer().time_zone, at)

    def events_of(
        self,
        member_id: str,
        member_pk: int,
        *,
        first_day: date | None,
        tier: str = "",
        since: date | None = None,
    ) -> list[ToldEvent]:
        """The member's birthdays from the day the member joined (or else ``first_day``) until now.

        ``since`` leaves older ones out.
        """
        if member_id not in self.days:
            return []
        born = self.days[member_id]
        known_from = min((day for day in (born.joined_on, first_day) if day), default=None)
        if known_from is None:
            return []
        found = []
        for day in self._birthdays(born, first=max(known_from, since or known_from)):
            moment = datetime.combine(day, time.min, ZoneInfo(self.time_zone)).astimezone(UTC)
            plan = self.plans.at(moment)
            rules = tuple(r for r in plan.events if r.holds(BIRTHDAY, on=day, tier=tier)) if plan else ()
            if plan and rules:
                key = f"event:birthday:{member_id}:{day.year}"
                found.append(ToldEvent(key, member_pk, BIRTHDAY, moment, day, plan.number, rules))
        return found

    def _birthdays(self, born: LifeDays, *, first: date) -> Iterator[date]:
        begin = self.plans.begin
        if begin is None:
            return
        first = max(first, business_date(begin, self.time_zone) - timedelta(days=1))
        last = business_date(self.at, self.time_zone)
        for year in range(first.year, last.year + 1):
            # Who was born on 29 February has it on the 28th in other years.
            day = date(year, born.month, min(born.day, monthrange(year, born.month)[1]))
            if first <= day <= last and year > (born.year or 0):
                yield day
