from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuke.platform.money import exponent, money_text, to_major, to_minor


@pytest.mark.parametrize(("currency", "places"), [("CNY", 2), ("USD", 2), ("JPY", 0), ("KWD", 3)])
def test_each_currency_has_its_own_minor_unit(currency, places):
    assert exponent(currency) == places


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.30", "CNY", 1230),
        ("1.005", "CNY", 101),
        ("-1.005", "CNY", -101),
        ("12", "JPY", 12),
        ("0.0015", "KWD", 2),
    ],
)
def test_amounts_are_rounded_half_up_to_minor_units(text, currency, minor):
    assert to_minor(text, currency) == minor


@pytest.mark.parametrize("text", ["", "abc", "NaN", "Infinity", "1,2,3"])
def test_what_is_no_amount_is_refused_by_its_text(text):
    with pytest.raises(ValueError, match="not an amount of money"):
        to_minor(text, "CNY")


@given(st.integers(-(10**14), 10**14), st.sampled_from(["CNY", "JPY", "KWD"]))
def test_minor_to_major_and_back_is_identity(minor, currency):
    assert to_minor(to_major(minor, currency), currency) == minor


def test_text_is_written_as_the_language_writes_it():
    assert money_text(123456, "CNY", locale="zh-hans") == "¥1,234.56"
    assert money_text(1230, "USD", locale="en") == "$12.30"
    assert to_major(1, "JPY") == Decimal(1)
