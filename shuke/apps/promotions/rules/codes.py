"""Voucher codes: unguessable, without look-alikes, with a check sign."""

import secrets

#: Letters and digits that are not taken for one another when written or read aloud.
SIGNS = "3479ACDEFGHJKMNPQRTWXY"
_VALUES = {sign: value for value, sign in enumerate(SIGNS)}
_N = len(SIGNS)
RANDOM_SIGNS = 12
#: Bytes below this are spread evenly over the signs; others are thrown away.
_FAIR = 256 - 256 % _N


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
    table = bytes((SIGNS[byte % _N]).encode()[0] for byte in range(256))
    letters = fair.translate(table).decode("ascii")
    bodies = (letters[n * RANDOM_SIGNS : (n + 1) * RANDOM_SIGNS] for n in range(count))
    return [f"{prefix}{body}{check_sign(body)}" for body in bodies]


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
