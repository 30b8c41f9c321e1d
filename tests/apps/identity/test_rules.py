import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuke.apps.identity.rules import draw_of, masked, normalised


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (" Ann@Example.COM ", "ann@example.com"),
        ("a.b+c@d-e.co.uk", "a.b+c@d-e.co.uk"),
        ("ann@example", None),
        ("ann example.com", None),
        ("a@b@c.com", None),
        ("a\nbcc: x@example.com", None),
        ("", None),
        ("x" * 250 + "@example.com", None),
    ],
)
def test_emails(text, value):
    assert normalised("email", text) == value


@pytest.mark.parametrize(
    ("text", "region", "value"),
    [
        ("138 0013 8000", "CN", "+8613800138000"),
        ("+86-138-0013-8000", "US", "+8613800138000"),
        ("(212) 555-0100", "US", "+12125550100"),
        ("138****8000", "CN", None),
        ("12", "CN", None),
        ("phone", "CN", None),
    ],
)
def test_phones(text, region, value):
    assert normalised("phone", text, region=region) == value


@given(st.text(max_size=60))
def test_normalising_twice_is_normalising_once(text):
    for kind in ("email", "phone", "external"):
        value = normalised(kind, text)
        if value is not None:
            assert normalised(kind, value) == value


def test_masked_values_do_not_name_anybody():
    assert masked("email", "ann@example.com") == "a***@example.com"
    assert "13800138" not in masked("phone", "+8613800138000")


def test_the_draw_is_the_same_on_every_machine():
    assert draw_of("mem_0000000000000000") == 2_018_042_876
