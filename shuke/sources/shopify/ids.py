"""Shopify's global ids, such as ``gid://shopify/Order/450789469``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from shuke.sources.records import UnusableRecordError

SYSTEM = "shopify"


def number_of(record: Mapping[str, Any], name: str = "id") -> str:
    """The number in a global id; export files show it alone.  Raises ``UnusableRecordError``.

    >>> number_of({"id": "gid://shopify/Order/450789469"})
    '450789469'
    """
    value = record.get(name)
    found = re.fullmatch(r"gid://shopify/\w+/(\d{1,19})", value) if isinstance(value, str) else None
    if found is None:
        raise UnusableRecordError("no_id", f"The record has no “{name}” of Shopify's form.")
    return found[1]


def global_id(kind: str, number: str) -> str:
    """The global id of a number.

    >>> global_id("Order", "7")
    'gid://shopify/Order/7'
    """
    return f"gid://shopify/{kind}/{int(number)}"
