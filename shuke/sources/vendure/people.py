"""Vendure's customers as rows of members."""

from __future__ import annotations

import re

from shuke.sources.contract import Row
from shuke.sources.records import Record, identifier, moment_text, part, parts, words

FIELDS = """
id createdAt updatedAt firstName lastName emailAddress phoneNumber
user { id verified } groups { name }
addresses { city province defaultBillingAddress defaultShippingAddress }
"""
_CHINESE = re.compile("[\u3400-\u9fff]")


def member_of(record: Record) -> Row:
    """The row of a customer.  Raises ``UnusableRecordError``.

    The address tells city and province only: who receives a parcel need not be who buys.
    """
    address = _home(record)
    groups = sorted(name for group in parts(record, "groups") if (name := words(group, "name")))
    return {
        "external": identifier(record, "id"),
        "email": words(record, "emailAddress"),
        "phone": words(record, "phoneNumber"),
        "name": full_name(words(record, "firstName"), words(record, "lastName")),
        "joined_on": moment_text(record, "createdAt"),
        "city": words(address, "city"),
        "region": words(address, "province"),
        "attribute:customer_group": ", ".join(groups) or None,
        "attribute:has_account": "true" if part(record, "user") else "false",
    }


def full_name(first: str | None, last: str | None) -> str | None:
    """The name as it is said: Chinese names begin with the family's.

    >>> full_name("Ann", "Lee"), full_name("小明", "王"), full_name(None, "Lee")
    ('Ann Lee', '王小明', 'Lee')
    """
    given = [name for name in (first, last) if name]
    if len(given) == 2 and all(_CHINESE.search(name) for name in given):
        return given[1] + given[0]
    return " ".join(given) or None


def _home(record: Record) -> Record:
    addresses = parts(record, "addresses")
    for flag in ("defaultBillingAddress", "defaultShippingAddress"):
        for address in addresses:
            if address.get(flag):
                return address
    return addresses[0] if addresses else {}
