"""What may be wrong, whose fault it is, and what may be set; no Django, no clock, no I/O."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class Rule:
    """A kind of issue.  ``subject``: what it is about.  ``table`` and ``column``: what a correction sets."""

    name: str
    subject: str
    table: str = ""
    column: str = ""

    @property
    def can_be_corrected(self) -> bool:
        """Whether setting one value mends it."""
        return bool(self.column)


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        rule.name: rule
        for rule in (
            Rule("sum_mismatch", "order", "orders", "paid_minor"),
            Rule("repeated_order", "order", "orders", "lifecycle_status"),
            Rule("far_quantity", "order_line", "order_lines", "quantity"),
            Rule("far_price", "order_line", "order_lines", "list_minor"),
            Rule("unknown_product", "product"),
            Rule("alike_products", "product", "products", "name"),
            Rule("rejected_rows", "import"),
            Rule("mistyped_email", "member"),
            Rule("odd_birthday", "member", "members", "birthday"),
            Rule("odd_name", "member", "members", "name"),
        )
    }
)
#: Columns of a table's key that a correction names.
KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"orders": ("order_id",), "order_lines": ("order_id", "line_no"), "products": ("product_id",)}
)
WHOLE_NUMBERS = frozenset({"paid_minor", "quantity", "list_minor"})
LARGEST = 10**12


def fingerprint(rule: str, subject: str, place: str) -> str:
    """The name of an issue: the same one is found again.

    >>> len(fingerprint("sum_mismatch", "acc:1", ""))
    64
    """
    return hashlib.sha256("\x1f".join((rule, subject, place)).encode()).hexdigest()


def digest_of(facts: Mapping[str, Any]) -> str:
    """Equal for equal facts: a decision holds as long as they are."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


def key_of(table: str, subject: str, place: str) -> dict[str, Any]:
    """The key of the row that an issue is about.

    >>> key_of("order_lines", "acc:1", "3")
    {'order_id': 'acc:1', 'line_no': 3}
    """
    if table == "members":
        return {"member_id": subject}
    names = KEYS[table]
    return {names[0]: subject} | ({names[1]: int(place)} if len(names) > 1 else {})
