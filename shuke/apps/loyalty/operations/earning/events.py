"""Points for what a member did: a check-in, a review, an invitation, a birthday, or any event by its name."""

from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.models import EventEarning
from shuke.apps.loyalty.operations.earning.posting import EarningBooks, ToldEvent
from shuke.apps.loyalty.queries.earning_plans import published_plans
from shuke.apps.loyalty.queries.standing import standings_of
from shuke.apps.loyalty.rules.earning import EventRule, Plan
from shuke.apps.loyalty.schemas import EventEarningView, Request
from shuke.apps.members.queries import member_refs, survivor_of
from shuke.platform.clock import business_date
from shuke.platform.errors import Invalid
from shuke.platform.retailer.queries import retailer

#: A till's or an app's own events; those of the lake are known by their source and message.
KEY_LENGTH = 140


def award_event(
    *, request: Request, member_id: str, event: str, occurred_at: datetime | None = None
) -> EventEarningView:
    """Give what an event earns by the rules in force when it happened (now by default), once per ``request.key``.

    Limits per local day, month and ever are held under the wallet's lock; a rule whose limit is reached gives
    nothing and is named in ``refusals``.  Raises ``NotFound``, and ``Invalid`` for an event in the future.
    """
    moment = occurred_at or request.at
    if moment > request.at:
        raise Invalid("event_in_future", _("An event that has not happened earns nothing."))
    if not request.key or len(request.key) > KEY_LENGTH:
        raise Invalid("invalid_key", _("A key has 1 to 140 characters."))
    member_id = survivor_of(member_id)
    plan = published_plans().at(moment)
    on = business_date(moment, retailer().time_zone)
    tier = standings_of([member_id], at=moment).of(member_id).tier
    rules = rules_for(plan, event, on=on, tier=tier)
    if plan is None or not rules:
        return EventEarningView(outcome="nothing", event=event, points={}, refusals={})
    told = ToldEvent(
        key=f"event:{request.key}",
        member_pk=member_refs([member_id])[member_id].pk,
        event=event,
        occurred_at=moment,
        on=on,
        version=plan.number,
        rules=rules,
    )
    try:
        with transaction.atomic():
            return _award(request, told)
    except IntegrityError:
        found = EventEarning.objects.filter(key=told.key).first()
        if found is None:
            raise
        return _view(found, rules)


def rules_for(plan: Plan | None, event: str, *, on: date, tier: str) -> tuple[EventRule, ...]:
    """The rules that speak of an event on a local day."""
    if plan is None:
        return ()
    return tuple(rule for rule in plan.events if rule.holds(event, on=on, tier=tier))


def _award(request: Request, told: ToldEvent) -> EventEarningView:
    books = EarningBooks(at=request.at, actor=request.actor)
    books.open([told.member_pk], {rule.points_type for rule in told.rules}, lots="none")
    books.load_events([told.key])
    if told.key in books.events:
        return _view(books.events[told.key], told.rules)
    refusals = books.tell_event(told)
    books.finish()
    points = {name: count for name, count in books.points.items() if count}
    return EventEarningView(
        outcome="created" if points else "nothing", event=told.event, points=points, refusals=refusals
    )


def _view(row: EventEarning, rules: tuple[EventRule, ...]) -> EventEarningView:
    types = {rule.name: rule.points_type for rule in rules}
    points: dict[str, int] = {}
    for name, count in row.points.items():
        points_type = types.get(name, "")
        points[points_type] = points.get(points_type, 0) + count
    return EventEarningView(outcome="replayed", event=row.event, points=points, refusals={})
