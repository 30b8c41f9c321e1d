"""Birthday gifts: points or a voucher, once a year, in the window that the terms name."""

import logging
from collections.abc import Callable
from datetime import date, datetime

from django.db import transaction

from shuke.apps.loyalty.models import BenefitHold
from shuke.apps.loyalty.operations.benefits import use_benefit
from shuke.apps.loyalty.operations.points import award_points
from shuke.apps.loyalty.queries.benefits import Holder, held_now, holder, terms_on
from shuke.apps.loyalty.queries.birthdays import LifeDays, life_days
from shuke.apps.loyalty.rules.benefits import WINDOWS, Held, birthday_year
from shuke.apps.loyalty.schemas import Request
from shuke.apps.promotions.operations import issue_voucher
from shuke.platform.errors import Refused
from shuke.platform.permissions import SYSTEM

log = logging.getLogger(__name__)
#: A leap year: it has every birthday.
ANY_YEAR = 2000


def give_birthday_gifts(
    *, at: datetime, today: date, tell: Callable[[int, int], None] = lambda _done, _total: None
) -> int:
    """Give what is due today; returns how many gifts were given.  A second run gives nothing more.

    A gift that is refused (a points type or a voucher that is gone) is logged and tried again the next day.
    """
    if not any(benefit.kind == "birthday" for benefit in terms_on(today)):
        return 0
    born = {member_id: day for member_id, life in life_days().items() if (day := _birthday(life, today))}
    given = 0
    for number, (member_id, birthday) in enumerate(sorted(born.items())):
        who = holder(member_id, at=at)
        for item in held_now(who, at=at)[2]:
            year = (
                birthday_year(birthday, item.cell.window, today) if item.benefit.kind == "birthday" else None
            )
            given += 0 if year is None else _give(item, who, year, at=at)
        tell(number + 1, len(born))
    return given


def _birthday(life: LifeDays, today: date) -> date | None:
    """The birthday, if today lies in its widest window or its week."""
    try:
        day = date(ANY_YEAR, life.month, life.day)
    except ValueError:
        return None
    return day if any(birthday_year(day, window, today) is not None for window in WINDOWS) else None  # type: ignore[arg-type]


def _give(item: Held, who: Holder, year: int, *, at: datetime) -> int:
    code, cell = item.benefit.code, item.cell
    keys = {pk: f"birthday:{code}:{pk}:{year}" for pk in who.all_pks}
    if BenefitHold.objects.filter(key__in=keys.values(), state="used").exists():
        return 0
    key = keys[who.pk]
    try:
        with transaction.atomic():
            done = use_benefit(key=key, member_id=who.member_id, code=code, at=at, actor="shuke")
            if done.outcome == "replayed":
                return 0
            if cell.voucher:
                issue_voucher(
                    actor=SYSTEM,
                    at=at,
                    key=key,
                    definition_id=cell.voucher,
                    member_id=who.member_id,
                    reason="birthday",
                )
            else:
                award_points(
                    request=Request(key=key, actor="shuke", at=at, source=key, reason="birthday"),
                    member_id=who.member_id,
                    points_type=cell.points_type,
                    points=cell.points,
                )
    except Refused as refusal:
        log.warning("birthday gift refused", extra={"benefit": code, "refusal": refusal.code})
        return 0
    return 1
