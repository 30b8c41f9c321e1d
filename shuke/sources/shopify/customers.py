"""Shopify's customers as rows of a member list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shuke.sources.contract import Row
from shuke.sources.records import moment_text, part, words
from shuke.sources.shopify.ids import number_of

Record = Mapping[str, Any]
#: Who was never asked said neither yes nor no; a pending or expired request neither.
_CONSENT = {"SUBSCRIBED": "true", "UNSUBSCRIBED": "false"}


def member_row(record: Record) -> Row:
    """The row of a customer.  Streets are not read.  Raises ``UnusableRecordError``."""
    email, phone = part(record, "defaultEmailAddress"), part(record, "defaultPhoneNumber")
    address = part(record, "defaultAddress")
    names = (words(record, "firstName"), words(record, "lastName"))
    joined = moment_text(record, "createdAt")
    return {
        "external": number_of(record),
        "email": words(email, "emailAddress"),
        "phone": words(phone, "phoneNumber"),
        "name": " ".join(name for name in names if name) or None,
        "joined_on": joined[:10] if joined else None,
        "city": words(address, "city"),
        "region": words(address, "provinceCode"),
        "consent_email": _CONSENT.get(words(email, "marketingState") or ""),
        "consent_sms": _CONSENT.get(words(phone, "marketingState") or ""),
    }
