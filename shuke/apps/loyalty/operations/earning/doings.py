"""Events that nobody tells one by one: those in the lake, birthdays, profiles that became complete."""

from datetime import datetime, timedelta

from shuke.apps.loyalty.models import EarningPosition
from shuke.apps.loyalty.operations.earning.birthdays import Birthdays
from shuke.apps.loyalty.operations.earning.posting import ToldEvent
from shuke.apps.loyalty.operations.earning.stories import Stories, Story
from shuke.apps.loyalty.queries.earning_plans import published_plans
from shuke.apps.loyalty.queries.event_facts import event_facts
from shuke.apps.loyalty.queries.standing import standings_of
from shuke.apps.loyalty.schemas.earning import EarnedOrders
from shuke.apps.members.queries import active_ids, clear_profiles, member_refs
from shuke.platform.batches import in_batches
from shuke.platform.clock import business_date
from shuke.platform.locks import exclusive
from shuke.platform.retailer.queries import retailer

#: Sources deliver out of order, so a reader begins so much before the place it has come to.
OVERLAP = timedelta(days=1)
#: A nightly job that failed makes up for so many days.
LATE_DAYS = 3
PROFILE = "Profile Completed"
POSITION = "events"


def earn_events(*, at: datetime, since: datetime | None = None) -> EarnedOrders:
    """Let events earn that the lake received since the last time (or ``since``), each once.

    An event is known by its source and message, so what is read twice gives nothing twice.
    """
    stories, plans = Stories(at), published_plans()
    names = {rule.event for plan in plans.plans for rule in plan.events}
    with exclusive("earning-events"):
        row = EarningPosition.objects.filter(name=POSITION).first()
        begin = since or (row.read_until - OVERLAP if row else plans.begin)
        if begin is not None and names:
            for part in event_facts(names=names, received_since=begin, until=at):
                stories.tell(_stories_of(part, at=at))
        EarningPosition.objects.update_or_create(name=POSITION, defaults={"read_until": at})
    return stories.outcome


def _stories_of(part: list[tuple[str, str, str, str, datetime]], *, at: datetime) -> list[Story]:
    """Stories of (member, source, message, event, when), which are sorted by member and time."""
    plans, zone = published_plans(), retailer().time_zone
    refs = member_refs(active_ids({row[0] for row in part}))
    standings = standings_of(list(refs), at=at)
    stories: dict[str, Story] = {}
    for member, source, message, event, moment in part:
        plan = plans.at(moment)
        if member not in refs or plan is None or moment > at:
            continue
        on, tier = business_date(moment, zone), standings.of(member).tier
        rules = tuple(rule for rule in plan.events if rule.holds(event, on=on, tier=tier))
        if rules:
            story = stories.setdefault(member, Story(refs[member].pk))
            key = f"event:{source}:{message}"[:160]
            story.events.append(ToldEvent(key, refs[member].pk, event, moment, on, plan.number, rules))
    return list(stories.values())


def award_birthdays(*, at: datetime) -> EarnedOrders:
    """Give birthday points of today, and of the days before that a run that failed has left out."""
    plans, stories = published_plans(), Stories(at)
    birthdays = Birthdays.known(plans, at=at)
    since = business_date(at, retailer().time_zone) - timedelta(days=LATE_DAYS)
    for ids in in_batches(sorted(birthdays.days), size=500):
        refs = member_refs(active_ids(ids))
        standings = standings_of(list(refs), at=at)
        stories.tell(
            [
                Story(
                    ref.pk,
                    events=birthdays.events_of(
                        member, ref.pk, first_day=since, tier=standings.of(member).tier, since=since
                    ),
                )
                for member, ref in refs.items()
            ]
        )
    return stories.outcome


def award_profiles(*, at: datetime) -> EarnedOrders:
    """Give points, once ever, to members whose name and birthday are known by now."""
    plan, stories = published_plans().at(at), Stories(at)
    on = business_date(at, retailer().time_zone)
    rules = tuple(r for r in plan.events if r.holds(PROFILE, on=on, tier="")) if plan else ()
    if plan is None or not rules:
        return stories.outcome
    whole = [pk for pk, name, birthday in clear_profiles() if name and birthday]
    for keys in in_batches(whole, size=500):
        stories.tell(
            [
                Story(pk, events=[ToldEvent(f"event:profile:{pk}", pk, PROFILE, at, on, plan.number, rules)])
                for pk in keys
            ]
        )
    return stories.outcome
