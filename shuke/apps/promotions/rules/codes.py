"""Voucher codes: unguessable, without look-alikes, with a check sign."""

import hmac
import secrets
from collections.abc import Iterable

#: Letters and digits that are not taken for one another when written or read aloud.
SIGNS = "3479ACDEFGHJKMNPQRTWXY"
_VALUES = {sign: value for value, sign in enumerate(SIGNS)}
_N = len(SIGNS)
RANDOM_SIGNS = 12
#: Bytes below this are spread evenly over the signs; others are thrown away.
_FAIR = 256 - 256 % _N
#: What a byte stands for, and the bytes that are thrown away.
_SIGN_OF = bytes(ord(SIGNS[byte % _N]) for byte in range(256))
_UNFAIR = bytes(range(_FAIR, 256))


def check_sign(signs: str) -> str:
    """The check sign of a code (ISO 7064, hybrid system MOD 23,22): finds every single wrong sign."""
    product = _N
    for sign in signs:
        product = ((product + _VALUES[sign]) % _N or _N) * 2 % (_N + 1)
    return SIGNS[(1 - product) % _N]


def new_codes(count: int, *, prefix: str = "") -> list[str]:
    """So many codes of 12 random signs (53.5 bits) and a check sign; a few may be equal by chance."""
    wanted = count * RANDOM_SIGNS
    fair = bytearray()
    while len(fair) < wanted:
        fair += bytes(byte for byte in secrets.token_bytes(wanted - len(fair) + 64) if byte < _FAIR)
    letters = fair.translate(_SIGN_OF).decode("ascii")
    bodies = (letters[n * RANDOM_SIGNS : (n + 1) * RANDOM_SIGNS] for n in range(count))
    return [f"{prefix}{body}{check_sign(body)}" for body in bodies]


def derived_codes(secret: bytes, numbers: Iterable[int]) -> list[str]:
    """The codes of a batch: each follows from the batch's secret and its number, and from nothing less.

    The signs are drawn from HMAC-SHA256, so that without the secret a code tells nothing of the next; with it a code
    need not be stored.  Bytes above the fair ones are thrown away as in ``new_codes``; a further block is drawn if
    too few are left (once in 10^14).
    """
    codes = []
    for number in numbers:
        block = hmac.digest(secret, b"%d" % number, "sha256")
        signs = block.translate(_SIGN_OF, _UNFAIR)
        while len(signs) < RANDOM_SIGNS:
            block = hmac.digest(secret, block, "sha256")
            signs += block.translate(_SIGN_OF, _UNFAIR)
        body = signs[:RANDOM_SIGNS].decode("ascii")
        codes.append(body + check_sign(body))
    return codes


def normalised_code(text: str, *, prefix: str = "") -> str | None:
    """A code as people type it, in its one form; ``None`` if its check sign is wrong or a sign is none of ours.

    Spaces, hyphens and lower case are forgiven.
    """
    plain = "".join(text.split()).replace("-", "").upper()
    body = plain.removeprefix(prefix)
    if len(body) != RANDOM_SIGNS + 1 or not set(body) <= _VALUES.keys():
        return None
    return prefix + body if check_sign(body[:-1]) == body[-1] else None


def printed_code(code: str) -> str:
    """The code in groups of four, as it is printed."""
    return "-".join(code[n : n + 4] for n in range(0, len(code), 4))


def normalised_word(text: str) -> str:
    """A shared code as people type it, such as ``WELCOME10``: upper case without spaces and hyphens."""
    return "".join(text.split()).replace("-", "").upper()
