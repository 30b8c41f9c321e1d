"""The rules' versions: one draft at most, which is published with a date; a published one never changes."""

from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.models import EarningVersion, PointsType
from shuke.apps.loyalty.queries.earning_plans import plan_from, version_view
from shuke.apps.loyalty.rules.earning import GROUND
from shuke.apps.loyalty.schemas.earning import AnyRule, EarningRules, EarningVersionView, PurchaseRule
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Invalid, NotFound, Refused
from shuke.platform.locks import until_commit
from shuke.platform.permissions import Actor

LOCK = "earning-rules"


@transaction.atomic
def draft_rules(*, actor: Actor, at: datetime) -> EarningVersionView:
    """The draft, made of the newest published rules if there is none."""
    actor.require("loyalty.edit")
    return version_view(_draft(actor, at))


def _draft(actor: Actor, at: datetime) -> EarningVersion:
    until_commit(LOCK)
    draft = EarningVersion.objects.filter(state="draft").first()
    if draft is None:
        newest = EarningVersion.objects.order_by("-number").first()
        body = newest.body if newest else EarningRules().model_dump(mode="json")
        number = newest.number + 1 if newest else 1
        draft = EarningVersion.objects.create(
            number=number, body=body, changed_at=at, changed_by=actor.name[:120]
        )
    return draft


@transaction.atomic
def write_rules(*, actor: Actor, at: datetime, body: EarningRules, note: str = "") -> EarningVersionView:
    """Put rules into the draft.  Raises ``Invalid`` and says which rule and which field."""
    actor.require("loyalty.edit")
    check_rules(body)
    draft = _draft(actor, at)
    draft.body, draft.note = body.model_dump(mode="json"), note[:200]
    draft.changed_at, draft.changed_by = at, actor.name[:120]
    draft.save()
    return version_view(draft)


@transaction.atomic
def put_rule(*, actor: Actor, at: datetime, rule: AnyRule, replaces: str = "") -> EarningVersionView:
    """Add a rule to the draft, or put it in the place of the one of code ``replaces``."""
    actor.require("loyalty.edit")
    draft = _draft(actor, at)
    body = EarningRules.model_validate(draft.body)
    codes = [item.code for item in body.rules]
    if replaces:
        if replaces not in codes:
            raise NotFound("rule_not_found", _("There is no such rule."), {"rule": replaces})
        body.rules[codes.index(replaces)] = rule
    else:
        body.rules.append(rule)
    return write_rules(actor=actor, at=at, body=body, note=draft.note)


@transaction.atomic
def remove_rule(*, actor: Actor, at: datetime, code: str) -> EarningVersionView:
    """Take a rule out of the draft.  Raises ``NotFound``."""
    actor.require("loyalty.edit")
    draft = _draft(actor, at)
    body = EarningRules.model_validate(draft.body)
    left = [item for item in body.rules if item.code != code]
    if len(left) == len(body.rules):
        raise NotFound("rule_not_found", _("There is no such rule."), {"rule": code})
    draft.body = body.model_copy(update={"rules": left}).model_dump(mode="json")
    draft.changed_at, draft.changed_by = at, actor.name[:120]
    draft.save()
    return version_view(draft)


@transaction.atomic
def discard_draft(*, actor: Actor) -> None:
    """Throw the draft away; nothing that was published changes."""
    actor.require("loyalty.edit")
    EarningVersion.objects.filter(state="draft").delete()


@transaction.atomic
def publish_rules(
    *, actor: Actor, at: datetime, starts_at: datetime | None = None, note: str = ""
) -> EarningVersionView:
    """Let the draft hold from ``starts_at`` (now by default) on.

    The first version may start in the past, so that history can earn; a later one starts after all others and
    not before now: what was earned by the rules of its day stays so.
    """
    actor.require("loyalty.edit")
    until_commit(LOCK)
    draft = EarningVersion.objects.filter(state="draft").first()
    if draft is None:
        raise Refused("no_draft", _("There are no changed rules to publish."))
    body = EarningRules.model_validate(draft.body)
    if not body.rules:
        raise Refused("no_rules", _("A version without rules would earn nothing; add one first."))
    check_rules(body)
    start = starts_at or at
    newest = EarningVersion.objects.filter(state="published").order_by("-starts_at").first()
    if newest is not None and (start < at or (newest.starts_at and start <= newest.starts_at)):
        raise Refused(
            "starts_too_early",
            _("A new version starts now or later, and after every version that is published."),
            {"newest": newest.starts_at.isoformat() if newest.starts_at else ""},
        )
    draft.state, draft.starts_at, draft.note = "published", start, note[:200] or draft.note
    draft.changed_at, draft.changed_by = at, actor.name[:120]
    draft.save()
    record_audit(
        actor=actor,
        at=at,
        verb="earning_rules.published",
        subject=("earning_rules", str(draft.number)),
        changes={"starts_at": [None, start.isoformat()], "rules": [None, [rule.code for rule in body.rules]]},
    )
    return version_view(draft)


def check_rules(body: EarningRules) -> None:
    """Raises ``Invalid`` for rules that contradict each other or name points that do not exist."""
    kinds = {kind.code: kind for kind in PointsType.objects.all()}
    codes: set[str] = set()
    for rule in body.rules:
        if rule.code in codes:
            raise _fault(rule, "code", "repeated_code", _("Two rules have the same code."))
        codes.add(rule.code)
        if rule.points_type not in kinds:
            raise _fault(rule, "points_type", "unknown_points_type", _("There are no points of this code."))
        for field, code, message in _faults(rule, kinds[rule.points_type]):
            raise _fault(rule, field, code, message)
    unknown = set(body.caps) - set(kinds)
    if unknown:
        raise Invalid(
            "unknown_points_type", _("There are no points of this code."), {"caps": sorted(unknown)}
        )
    plan_from(0, body)


def _faults(rule: AnyRule, kind: PointsType) -> Iterator[tuple[str, str, Any]]:
    """(field, code, message) of what is wrong with one rule."""
    where = rule.where if isinstance(rule, PurchaseRule) else rule
    if where.first_day and where.last_day and where.first_day > where.last_day:
        yield "last_day", "ends_before_start", _("The last day lies before the first one.")
    if isinstance(rule, PurchaseRule):
        yield from _rate_faults(rule) if rule.times is None else _multiplier_faults(rule)
    elif rule.life_days is not None and rule.life_days <= kind.activation_days:
        yield "life_days", "ends_before_start", _("These points would end before they can be used.")


def _rate_faults(rule: PurchaseRule) -> Iterator[tuple[str, str, Any]]:
    if not rule.points or not rule.per_minor:
        yield "points", "no_rate", _("A rule gives a number of points above zero per an amount above zero.")


def _multiplier_faults(rule: PurchaseRule) -> Iterator[tuple[str, str, Any]]:
    if Fraction(rule.times or 0) <= 1:
        yield "times", "multiplier_too_small", _("A multiplier must be more than 1.")
    if rule.group == GROUND:
        yield (
            "group",
            "multiplier_in_ground",
            _("A rule that multiplies the ground rate needs another group."),
        )
    if rule.points or rule.per_minor:
        yield "times", "two_rates", _("Give points per amount or a multiplier, not both.")


def _fault(rule: AnyRule, field: str, code: str, message: Any) -> Invalid:
    return Invalid(code, message, {"rule": rule.code, "field": field})
