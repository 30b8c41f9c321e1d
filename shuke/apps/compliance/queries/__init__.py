"""Reading permission."""

from shuke.apps.compliance.queries.consent import (
    consents_as_of,
    consents_of,
    decisions_of,
    may_contact,
)
from shuke.apps.compliance.queries.suppression import (
    suppressed_addresses,
    suppressed_members,
    suppressions_of,
    suppressions_page,
)

__all__ = [
    "consents_as_of",
    "consents_of",
    "decisions_of",
    "may_contact",
    "suppressed_addresses",
    "suppressed_members",
    "suppressions_of",
    "suppressions_page",
]
