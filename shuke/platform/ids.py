"""Public identifiers: random, unguessable, prefixed by their noun, safe in URLs and file names."""

import secrets

# Lower-case base 32 without the look-alikes i, l, o and u.
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 16


def new_id(prefix: str) -> str:
    """A new id such as ``cmp_4k0v…`` with 80 random bits."""
    return f"{prefix}_{''.join(secrets.choice(ALPHABET) for _ in range(LENGTH))}"


def new_ids(prefix: str, count: int) -> list[str]:
    """``count`` new ids at once, cheaper than one by one."""
    noise = secrets.token_bytes(LENGTH * count)
    letters = "".join(ALPHABET[byte & 31] for byte in noise)
    return [f"{prefix}_{letters[i * LENGTH : (i + 1) * LENGTH]}" for i in range(count)]
