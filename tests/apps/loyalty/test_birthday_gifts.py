"""A birthday gift is given once a year, within its window, by the terms of the day."""

from datetime import UTC, date, datetime, timedelta

import pytest

from shuke.apps.loyalty.operations.birthday_gifts import give_birthday_gifts
from shuke.apps.loyalty.queries.statements import points_wallet
from shuke.apps.members.operations import create_members
from shuke.apps.members.schemas import MemberProfile
from tests.apps.loyalty.benefit_terms import publish
from tests.apps.loyalty.conftest import START


def gift(points=50, window="day", **more):
    cell = {"points": points, "points_type": "gift", "window": window} | more
    return {"code": "birthday", "kind": "birthday", "names": {"en": "Birthday"}, "cells": {"*": cell}}


def born(*days) -> list[str]:
    profiles = [MemberProfile(name=f"M{n}", birthday=day) for n, day in enumerate(days)]
    return [ref.public_id for ref in create_members(at=START, source="test", profiles=profiles)]


def run(day: date) -> int:
    return give_birthday_gifts(at=datetime(day.year, day.month, day.day, 4, tzinfo=UTC), today=day)


def points_of(member_id, day: date) -> int:
    at = datetime(day.year, day.month, day.day, 5, tzinfo=UTC)
    return points_wallet(member_id, points_type="gift", at=at).balances.available


def test_on_the_day_and_once(members):
    publish([gift()])
    [ann] = born(date(1990, 11, 27))
    assert [run(date(2026, 11, 26)), run(date(2026, 11, 27)), run(date(2026, 11, 27))] == [0, 1, 0]
    assert points_of(ann, date(2026, 11, 27)) == 50
    assert run(date(2027, 11, 27)) == 1


def test_of_29_february(members):
    publish([gift()])
    born(date(2000, 2, 29))
    assert [run(date(2027, 2, 27)), run(date(2027, 2, 28)), run(date(2027, 3, 1))] == [0, 1, 0]
    assert [run(date(2028, 2, 28)), run(date(2028, 2, 29))] == [0, 1]


@pytest.mark.parametrize(
    ("window", "first", "last"),
    [("week", date(2026, 12, 28), date(2027, 1, 3)), ("month", date(2027, 1, 1), date(2027, 1, 31))],
)
def test_within_the_window_from_its_first_day(members, window, first, last):
    publish([gift(window=window)])
    born(date(1990, 1, 1))
    assert run(first - timedelta(days=1)) == 0
    assert run(first) == 1
    assert run(last) == 0


def test_whoever_comes_within_the_window_has_it_the_next_night(members):
    publish([gift(window="month")])
    assert run(date(2026, 11, 10)) == 0
    born(date(1990, 11, 1))
    assert run(date(2026, 11, 11)) == 1


def test_a_gift_that_cannot_be_given_is_tried_again(members):
    publish([gift(window="month", points_type="nothing")])
    [ann] = born(date(1990, 11, 27))
    assert run(date(2026, 11, 2)) == 0
    publish([gift(window="month")], starts_on=date(2026, 11, 3))
    assert run(date(2026, 11, 3)) == 1
    assert points_of(ann, date(2026, 11, 3)) == 50


def test_nobody_without_the_benefit_and_nobody_without_a_birthday(members):
    row = gift()
    publish([{**row, "cells": {"gold": row["cells"]["*"]}}])
    born(date(1990, 11, 27))
    assert run(date(2026, 11, 27)) == 0
