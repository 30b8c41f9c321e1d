from datetime import UTC, date, datetime

import pytest

from shuke.platform.clock import business_date, now


def test_the_business_day_is_the_retailers():
    moment = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    assert business_date(moment, "Asia/Shanghai") == date(2026, 11, 25)
    assert business_date(moment, "America/New_York") == date(2026, 11, 24)


def test_a_naive_moment_has_no_business_day():
    with pytest.raises(ValueError, match="aware"):
        business_date(datetime(2026, 11, 24), "UTC")  # noqa: DTZ001


def test_now_is_aware():
    assert now().tzinfo is UTC
