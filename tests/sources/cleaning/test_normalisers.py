import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.sources.cleaning.concealment import concealment
from shuke.sources.cleaning.emails import mended_email, normalised_email
from shuke.sources.cleaning.phones import is_placeholder_phone, normalised_phone


@pytest.mark.parametrize(
    ("text", "region", "value"),
    [
        ("138 0013 8000", "CN", "+8613800138000"),
        ("１３８００１３８０００", "CN", "+8613800138000"),
        ("'13800138000", "CN", "+8613800138000"),
        ('="13800138000"', "CN", "+8613800138000"),
        ("\t13800138000", "CN", "+8613800138000"),
        ("电话：138-0013-8000", "CN", "+8613800138000"),
        ("0086 138 0013 8000", "CN", "+8613800138000"),
        ("8613800138000", "CN", "+8613800138000"),
        ("（010）62345678", "CN", "+861062345678"),
        ("tel:+1 (212) 555-0100", "CN", "+12125550100"),
        # A number in every city, an extension given out per order, masks, ciphers, letters: nobody's number.
        ("62345678", "CN", None),
        ("13800138000-1234", "CN", None),
        ("13800138000转1234", "CN", None),
        ("13800138000,1234", "CN", None),
        ("138****8000", "CN", None),
        ("138xxxx8000", "CN", None),
        ("##a8fQ==", "CN", None),
        ("$$a8fQ==", "CN", None),
        ("1-800-FLOWERS", "US", None),
        ("", "CN", None),
        ("9" * 300, "CN", None),
    ],
)
def test_phones(text, region, value):
    assert normalised_phone(text, region=region) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ａｎｎ＠Example．com", "ann@example.com"),
        ("Ann Lee <Ann@Example.com>", "ann@example.com"),
        ("mailto:ann@example.com", "ann@example.com"),
        ("\u200bann@example.com\ufeff", "ann@example.com"),
        ("a***@example.com", None),
        ("ann@example.com, bob@example.com", None),
    ],
)
def test_emails(text, value):
    assert normalised_email(text) == value


@pytest.mark.parametrize(
    ("address", "mended"),
    [
        ("ann@gmial.com", "ann@gmail.com"),
        ("ann@gmai.com", "ann@gmail.com"),
        ("ann@gmail.con", "ann@gmail.com"),
        ("ann@163.co", "ann@163.com"),
        ("ann@hotmal.com", "ann@hotmail.com"),
        ("ann@126.com", None),
        ("ann@mail.com", None),
        ("ann@sina.cn", None),
        ("ann@example.com", None),
    ],
)
def test_mistyped_domains(address, mended):
    assert mended_email(address) == mended


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("1******6198", "masked"),
        ("张**", "masked"),
        ("138xxxx8000", "masked"),
        ("##9Zb1c2VkX18=", "cipher"),
        ("$$9Zb1c2VkX18=", "cipher"),
        ("~AgAAAAExyz12345==~1~", "cipher"),
        ("$a1b2c3d4e5f6$1$", "cipher"),
        ("13800138000", None),
        ("Ann Lee", None),
        ("#12 Main St", None),
    ],
)
def test_hidden_values_are_told_apart(text, hidden):
    assert concealment(text) == hidden


def test_numbers_that_people_type_to_get_past_a_form():
    assert is_placeholder_phone("+8611111111111")
    assert is_placeholder_phone("+8612345678901")
    assert not is_placeholder_phone("+8613912345670")


@given(st.text(max_size=60))
@settings(max_examples=50)
def test_normalising_twice_is_normalising_once(text):
    email = normalised_email(text)
    assert email is None or normalised_email(email) == email


@given(st.integers(10**9, 2 * 10**10).map(str), st.sampled_from(["CN", "US", "DE", "SG"]))
@settings(max_examples=50)
def test_a_normalised_number_stays_itself_in_every_region(text, region):
    value = normalised_phone(text, region=region)
    assert value is None or {normalised_phone(value, region=r) for r in ("CN", "US", "DE")} == {value}
