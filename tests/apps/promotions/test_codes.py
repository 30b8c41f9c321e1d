"""Voucher codes: what the check sign finds, and that they are spread evenly."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from shuke.apps.promotions.rules.codes import SIGNS, check_sign, new_codes, normalised_code, printed_code

BODIES = st.text(alphabet=SIGNS, min_size=12, max_size=12)


@given(body=BODIES, place=st.integers(0, 12), sign=st.sampled_from(SIGNS))
def test_every_single_wrong_sign_is_found(body, place, sign):
    code = body + check_sign(body)
    wrong = code[:place] + sign + code[place + 1 :]
    assert (normalised_code(wrong) is None) == (wrong != code)


def test_nearly_every_swap_of_neighbours_is_found():
    missed = total = 0
    for code in new_codes(2_000):
        for place in range(len(code) - 1):
            swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
            if swapped != code:
                total += 1
                missed += normalised_code(swapped) is not None
    assert missed / total < 0.02


def test_codes_are_read_as_people_type_them():
    (code,) = new_codes(1, prefix="AP")
    assert normalised_code(printed_code(code).lower(), prefix="AP") == code
    assert normalised_code(f" {code[:5]} {code[5:]} ", prefix="AP") == code
    assert normalised_code("O" + code[1:], prefix="AP") is None
    assert normalised_code("", prefix="AP") is None


def test_codes_differ_and_their_signs_are_evenly_spread():
    codes = new_codes(20_000)
    assert len(set(codes)) == 20_000
    counted = Counter("".join(code[:-1] for code in codes))
    assert set(counted) == set(SIGNS)
    expected = 20_000 * 12 / len(SIGNS)
    # Chi-squared with 21 degrees of freedom; 60 is exceeded once in 100,000 runs.
    assert sum((count - expected) ** 2 / expected for count in counted.values()) < 60
