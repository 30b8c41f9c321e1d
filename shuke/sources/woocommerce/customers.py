"""WooCommerce's customers as rows of a member list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shuke.sources.contract import Row
from shuke.sources.records import identifier, moment_text, part, words

Record = Mapping[str, Any]
#: Who works for the shop is no customer, unless he bought something.
_STAFF = frozenset({"administrator", "shop_manager", "editor", "author", "contributor"})


def is_customer(record: Record) -> bool:
    """Whether an account is a buyer's and not only that of somebody who runs the shop."""
    return record.get("role") not in _STAFF or record.get("is_paying_customer") is True


def member_row(record: Record) -> Row:
    """The row of a customer.  Street and company are not read.  Raises ``UnusableRecordError``."""
    billing = part(record, "billing")
    names = [words(record, "first_name") or words(billing, "first_name")]
    names.append(words(record, "last_name") or words(billing, "last_name"))
    joined = moment_text(record, "date_created_gmt")
    return {
        "external": identifier(record, "id"),
        "email": words(record, "email") or words(billing, "email"),
        "phone": words(billing, "phone"),
        "name": " ".join(name for name in names if name) or None,
        "joined_on": joined[:10] if joined else None,
        "city": words(billing, "city"),
        "region": words(billing, "state"),
    }
