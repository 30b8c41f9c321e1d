"""Numbers, money and times as people of both languages write them."""

from datetime import UTC, date, datetime

import pytest
from django.utils import timezone, translation

from shuke.web.templatetags import console

AT = datetime(2026, 11, 24, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "money", "moment", "day"),
    [
        ("en", "CN¥1,234.50", "25 Nov 2026, 00:30", "25 Nov 2026"),
        ("zh-hans", "¥1,234.50", "2026-11-25 00:30", "2026-11-25"),
    ],
)
def test_formats_by_language(language, money, moment, day):
    with translation.override(language), timezone.override("Asia/Shanghai"):
        assert console.money(123450, "CNY") == money
        assert console.moment(AT) == moment
        assert console.day(AT) == day
        assert console.integer(1234567) == "1,234,567"
        assert console.percent(0.1234) == "12.3%"


def test_nothing_is_a_dash():
    empty = [console.money(None), console.moment(None), console.day(None), console.percent(None)]
    assert empty == ["–"] * 4


def test_yen_have_no_decimals():
    with translation.override("en"):
        assert console.money(1200, "JPY") == "¥1,200"


@pytest.mark.parametrize(
    ("change", "good", "tone"),
    [(0.1, "up", "good"), (-0.1, "up", "bad"), (-0.1, "down", "good"), (0, "up", "flat")],
)
def test_a_trend_is_coloured_by_what_is_good(change, good, tone):
    assert f"trend-{tone}" in console.trend(change, good)


def test_an_unknown_code_is_shown_as_it_is_and_escaped():
    assert console.label("somewhere", "sales_channel") == "somewhere"
    assert "<b>" not in console.status("<b>", "sales_channel")


def test_a_date_stays_its_date():
    with translation.override("en"), timezone.override("Pacific/Auckland"):
        assert console.day(date(2026, 1, 2)) == "2 Jan 2026"


def test_a_notice_in_two_languages_is_shown_in_the_readers():
    notice = "Demonstration data.\n演示数据。"
    with translation.override("en"):
        assert console.in_my_language(notice) == "Demonstration data."
        assert console.in_my_language("只有中文") == "只有中文"
    with translation.override("zh-hans"):
        assert console.in_my_language(notice) == "演示数据。"
