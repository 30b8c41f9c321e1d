"""Periods, the most favourable cell and birthdays: the numbers of docs/algorithms/benefits.md."""

from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuke.apps.loyalty.rules.benefits import (
    ALWAYS,
    BadTerms,
    best,
    birthday_window,
    birthday_year,
    held_benefits,
    period_end,
    period_start,
    terms_from_json,
    terms_to_json,
)
from shuke.apps.loyalty.rules.plans import RefundRule, Span, months_after, next_span, refund_minor

pytestmark = pytest.mark.once
TODAY = date(2026, 11, 27)
DAYS = st.dates(date(1960, 1, 1), date(2090, 12, 31))


@pytest.mark.parametrize(
    ("period", "joined", "first", "last"),
    [
        ("month", date(2024, 3, 10), date(2026, 11, 1), date(2026, 11, 30)),
        ("year", date(2024, 3, 10), date(2026, 1, 1), date(2026, 12, 31)),
        ("membership_year", date(2024, 3, 10), date(2026, 3, 10), date(2027, 3, 9)),
        ("membership_year", date(2024, 12, 1), date(2025, 12, 1), date(2026, 11, 30)),
        ("membership_year", date(2024, 2, 29), date(2026, 2, 28), date(2027, 2, 27)),
        ("", date(2024, 3, 10), ALWAYS, None),
    ],
)
def test_periods(period, joined, first, last):
    assert period_start(period, TODAY, joined=joined) == first
    assert period_end(period, first, joined=joined) == last


@given(today=DAYS, joined=DAYS, period=st.sampled_from(["month", "year", "membership_year"]))
def test_every_day_lies_in_one_period_and_the_next_follows_at_once(today, joined, period):
    first = period_start(period, today, joined=joined)
    last = period_end(period, first, joined=joined)
    assert first <= today <= last
    assert period_start(period, last, joined=joined) == first
    assert period_start(period, last + timedelta(days=1), joined=joined) == last + timedelta(days=1)


def test_the_birthday_of_29_february():
    born = date(2000, 2, 29)
    assert birthday_window(born, "day", 2027) == (date(2027, 2, 28), date(2027, 2, 28))
    assert birthday_window(born, "day", 2028) == (date(2028, 2, 29), date(2028, 2, 29))
    assert birthday_window(born, "month", 2028) == (date(2028, 2, 1), date(2028, 2, 29))
    assert birthday_year(born, "day", date(2027, 3, 1)) is None


def test_the_week_of_a_birthday_may_begin_in_the_year_before():
    born = date(1990, 1, 1)
    assert birthday_window(born, "week", 2027) == (date(2026, 12, 28), date(2027, 1, 3))
    assert birthday_year(born, "week", date(2026, 12, 28)) == 2027
    assert birthday_year(born, "week", date(2026, 12, 27)) is None
    # 31 December 2024 was a Tuesday: its week ends in January.
    assert birthday_year(date(1990, 12, 31), "week", date(2025, 1, 5)) == 2024


@given(born=DAYS, today=DAYS, window=st.sampled_from(["day", "week", "month"]))
def test_the_window_of_a_birthday_holds_the_birthday(born, today, window):
    year = birthday_year(born, window, today)
    if year is not None:
        first, last = birthday_window(born, window, year)
        assert first <= today <= last


def cell(numerator, denominator, **more):
    return {"numerator": numerator, "denominator": denominator, **more}


TERMS = [
    {"code": "off", "kind": "discount", "period": "month", "names": {"en": "Off"},
     "cells": {"gold": cell(1, 20), "plan:card": cell(1, 10, count=2)}},
    {"code": "off2", "kind": "discount", "names": {"en": "Off too"}, "cells": {"*": cell(1, 100)}},
    {"code": "more", "kind": "points", "cells": {"gold": cell(3, 2), "plan:card": cell(2, 1)}},
    {"code": "ship", "kind": "shipping", "cells": {"*": {"from_minor": 9900}, "gold": {"from_minor": 4900}}},
    {"code": "try", "kind": "trial", "period": "month", "cells": {"gold": {"count": 2}, "plan:card": {"count": 1}}},
    {"code": "anna", "kind": "adviser", "cells": {"gold": {"text": "Anna"}, "plan:card": {"text": "Bo"}}},
]  # fmt: skip
COLUMNS = ["*", "gold", "plan:card"]


def shares(used):
    held = held_benefits(terms_from_json(TERMS), COLUMNS, used=used)
    discount = best(held, "discount")
    return discount.cell.share, discount.left, {item.benefit.code: item for item in held}


def test_the_most_favourable_cell_holds_and_nothing_is_added():
    share, left, held = shares({})
    assert (share, left) == (Fraction(1, 10), 2)
    assert held["more"].cell.share == 2
    assert (held["ship"].cell.from_minor, held["ship"].column) == (4900, "gold")
    assert held["try"].left == 2
    assert held["anna"].cell.text == "Bo"


def test_what_is_used_up_makes_room_for_the_next_best():
    assert shares({"off": 1})[:2] == (Fraction(1, 10), 1)
    assert shares({"off": 2})[:2] == (Fraction(1, 20), None)
    assert shares({"try": 2})[2]["try"].left == 0
    # One of a lost tier's two is used, and one is what remains to this column: none is left, and not minus one.
    poorer = held_benefits(terms_from_json(TERMS), ["*", "plan:card"], used={"try": 2})
    assert next(item.left for item in poorer if item.benefit.code == "try") == 0


def test_terms_survive_being_written_and_read():
    terms = terms_from_json(TERMS)
    assert terms_from_json(terms_to_json(terms)) == terms


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"code": "a", "kind": "gift"}, "no kind"),
        ({"code": "", "kind": "trial"}, "needs a code"),
        ({"code": "a", "kind": "trial", "period": "week"}, "no period"),
        ({"code": "a", "kind": "trial", "cells": {"*": {}}}, "how many times"),
        ({"code": "a", "kind": "discount", "cells": {"*": cell(3, 2)}}, "share above 0"),
        ({"code": "a", "kind": "discount", "cells": {"*": cell(1, 0)}}, "no whole numbers"),
        ({"code": "a", "kind": "points", "cells": {"*": cell(1, 2)}}, "multiplier"),
        ({"code": "a", "kind": "trial", "cells": {"*": {"count": -1}}}, "not below zero"),
        ({"code": "a", "kind": "birthday", "cells": {"*": {}}}, "points or a voucher"),
        ({"code": "a", "kind": "birthday", "cells": {"*": {"points": 5}}}, "which type"),
        ({"code": "a", "kind": "birthday", "cells": {"*": {"voucher": "v", "window": "year"}}}, "window"),
    ],
)
def test_terms_that_cannot_hold_are_refused(row, said):
    with pytest.raises(BadTerms, match=said):
        terms_from_json([row])


def test_two_benefits_of_one_code_are_refused():
    with pytest.raises(BadTerms, match="two benefits"):
        terms_from_json([TERMS[0], TERMS[0]])


# --- paid membership ---


def test_short_months_do_not_pull_later_ones_forward():
    spans: list[Span] = []
    for _ in range(4):
        spans.append(next_span(spans, months=1, today=date(2026, 1, 31)))
    assert [(span.first, span.last) for span in spans] == [
        (date(2026, 1, 31), date(2026, 2, 27)),
        (date(2026, 2, 28), date(2026, 3, 30)),
        (date(2026, 3, 31), date(2026, 4, 29)),
        (date(2026, 4, 30), date(2026, 5, 30)),
    ]


@given(today=DAYS, months=st.integers(1, 24), count=st.integers(1, 30))
def test_terms_in_a_row_leave_no_gap_and_end_where_one_long_term_would(today, months, count):
    spans: list[Span] = []
    for _ in range(count):
        spans.append(next_span(spans, months=months, today=today))
    assert all(b.first == a.last + timedelta(days=1) for a, b in pairwise(spans))
    assert spans[-1].last == months_after(today, months * count) - timedelta(days=1)


def test_who_comes_back_begins_today():
    old = next_span([], months=12, today=date(2025, 1, 1))
    assert next_span([old], months=12, today=TODAY).first == TODAY
    assert next_span([old], months=12, today=old.last).first == date(2026, 1, 1)


RULE = RefundRule(full_days=14, after="pro_rata")
YEAR = next_span([], months=12, today=date(2026, 1, 1))


@pytest.mark.parametrize(
    ("today", "is_used", "back"),
    [
        (date(2026, 1, 15), False, 19900),
        (date(2026, 1, 16), False, 19028),
        (date(2026, 1, 10), True, 19355),
        (date(2026, 4, 10), False, 14448),
        (date(2026, 12, 31), False, 0),
    ],
)
def test_refunds(today, is_used, back):
    assert (
        refund_minor(
            RULE, price_minor=19900, span=YEAR, bought=date(2026, 1, 1), today=today, is_used=is_used
        )
        == back
    )


def test_a_term_that_has_not_begun_comes_back_whole_by_days_and_not_at_all_without():
    asked = {"price_minor": 19900, "span": YEAR, "bought": date(2025, 10, 1), "today": date(2025, 12, 1)}
    assert refund_minor(RefundRule(0, "pro_rata"), **asked, is_used=False) == 19900
    assert refund_minor(RefundRule(0, "none"), **asked, is_used=False) == 0


@given(price=st.integers(0, 10**7), day=st.integers(0, 364))
def test_what_is_paid_back_and_what_is_kept_make_the_price(price, day):
    today = YEAR.first + timedelta(days=day)
    back = refund_minor(
        RefundRule(0, "pro_rata"), price_minor=price, span=YEAR, bought=YEAR.first, today=today, is_used=True
    )
    exact = Fraction(price * (364 - day), 365)
    assert 0 <= back <= price
    assert abs(back - exact) <= Fraction(1, 2)
