"""Slowing down those who guess."""

from collections.abc import Sequence
from datetime import datetime

from shuke.apps.promotions.queries.quoting import wrong_codes_file
from shuke.apps.promotions.schemas import VoucherRefusal
from shuke.platform.rates import count_call

#: What a guess is answered with.
GUESSES = frozenset({"unknown_code", "check_sign_wrong"})


def count_wrong_codes(*, who: str, refusals: Sequence[VoucherRefusal], at: datetime) -> None:
    """Count the codes that nobody issued against the one who typed them; ten in a minute lock them out of it."""
    minute = int(at.timestamp() // 60)
    for refusal in refusals:
        if refusal.code in GUESSES and who:
            count_call(wrong_codes_file(), key=who, minute=minute)
