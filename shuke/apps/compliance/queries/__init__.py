"""Reading permission."""

from shuke.apps.compliance.queries.consent import (
    consents_as_of,
    consents_of,
    decisions_of,
    may_contact,
)
from shuke.apps.compliance.queries.preferences import ask, asks, brand_names, preference_link
from shuke.apps.compliance.queries.suppression import (
    found_address,
    suppressed_addresses,
    suppressed_members,
    suppressions_of,
    suppressions_page,
)

__all__ = [
    "ask",
    "asks",
    "brand_names",
    "consents_as_of",
    "consents_of",
    "decisions_of",
    "found_address",
    "may_contact",
    "preference_link",
    "suppressed_addresses",
    "suppressed_members",
    "suppressions_of",
    "suppressions_page",
]
