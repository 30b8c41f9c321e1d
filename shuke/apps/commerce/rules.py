"""Decisions about receivers, without Django, clock or I/O."""


def masked_name(name: str) -> str:
    """The first letter only.

    >>> masked_name("王小明")
    '王**'
    """
    return name[:1] + "*" * max(0, min(len(name) - 1, 3))


def masked_phone(phone: str) -> str:
    """The first three and the last two digits.

    >>> masked_phone("+8613800138000")
    '+86******00'
    """
    return f"{phone[:3]}******{phone[-2:]}" if len(phone) > 6 else "******"


def masked_address(address: str) -> str:
    """The first six letters: a province and city in Chinese, hardly more elsewhere."""
    return address[:6] + "…" if len(address) > 6 else "…"
