"""The kinds of files that can be imported, one module each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from shuke.sources.files.fields import FileKind
from shuke.sources.files.kinds.campaign_history import CAMPAIGN_HISTORY
from shuke.sources.files.kinds.consents import CONSENTS
from shuke.sources.files.kinds.costs import COSTS
from shuke.sources.files.kinds.events import EVENTS
from shuke.sources.files.kinds.listings import LISTINGS
from shuke.sources.files.kinds.members import MEMBERS
from shuke.sources.files.kinds.order_headers import ORDER_HEADERS
from shuke.sources.files.kinds.order_lines import ORDER_LINES
from shuke.sources.files.kinds.orders import ORDERS
from shuke.sources.files.kinds.products import PRODUCTS
from shuke.sources.files.kinds.refunds import REFUNDS
from shuke.sources.files.kinds.stock import STOCK
from shuke.sources.files.kinds.stores import STORES
from shuke.sources.files.kinds.suppressions import SUPPRESSIONS
from shuke.sources.files.kinds.voucher_history import VOUCHER_HISTORY

#: Every kind by its name, in the order in which a new installation imports them.
KINDS: Mapping[str, FileKind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            MEMBERS,
            PRODUCTS,
            STORES,
            LISTINGS,
            STOCK,
            ORDERS,
            ORDER_HEADERS,
            ORDER_LINES,
            REFUNDS,
            CAMPAIGN_HISTORY,
            VOUCHER_HISTORY,
            COSTS,
            EVENTS,
            CONSENTS,
            SUPPRESSIONS,
        )
    }
)

__all__ = ["KINDS"]
