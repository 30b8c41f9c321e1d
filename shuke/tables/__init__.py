"""The canonical tables of the lake, one file each."""

from collections.abc import Mapping
from types import MappingProxyType

from shuke.tables.affinities import AFFINITIES
from shuke.tables.calendar_days import CALENDAR_DAYS
from shuke.tables.churn_risks import CHURN_RISKS
from shuke.tables.consents import CONSENTS
from shuke.tables.costs import COSTS
from shuke.tables.due_dates import DUE_DATES
from shuke.tables.events import EVENTS
from shuke.tables.exposures import EXPOSURES
from shuke.tables.forecasts import FORECASTS
from shuke.tables.identity_map import IDENTITY_MAP
from shuke.tables.lifetime_values import LIFETIME_VALUES
from shuke.tables.listings import LISTINGS
from shuke.tables.member_attributes import MEMBER_ATTRIBUTES
from shuke.tables.member_layers import MEMBER_LAYERS
from shuke.tables.messages import MESSAGES
from shuke.tables.order_lines import ORDER_LINES
from shuke.tables.orders import ORDERS
from shuke.tables.points_entries import POINTS_ENTRIES
from shuke.tables.products import PRODUCTS
from shuke.tables.recommendation_lists import RECOMMENDATION_LISTS
from shuke.tables.refunds import REFUNDS
from shuke.tables.regions import REGIONS
from shuke.tables.rejected_rows import REJECTED_ROWS
from shuke.tables.schema import Column, Table
from shuke.tables.stock_levels import STOCK_LEVELS
from shuke.tables.stores import STORES
from shuke.tables.tier_memberships import TIER_MEMBERSHIPS
from shuke.tables.traits import TRAITS
from shuke.tables.voucher_events import VOUCHER_EVENTS

#: Every table by its name.
TABLES: Mapping[str, Table] = MappingProxyType(
    {
        table.name: table
        for table in (
            AFFINITIES,
            CALENDAR_DAYS,
            CHURN_RISKS,
            CONSENTS,
            COSTS,
            DUE_DATES,
            EVENTS,
            EXPOSURES,
            FORECASTS,
            IDENTITY_MAP,
            LIFETIME_VALUES,
            LISTINGS,
            MEMBER_ATTRIBUTES,
            MEMBER_LAYERS,
            MESSAGES,
            ORDER_LINES,
            ORDERS,
            POINTS_ENTRIES,
            PRODUCTS,
            RECOMMENDATION_LISTS,
            REFUNDS,
            REGIONS,
            REJECTED_ROWS,
            STOCK_LEVELS,
            STORES,
            TIER_MEMBERSHIPS,
            TRAITS,
            VOUCHER_EVENTS,
        )
    }
)

__all__ = ["TABLES", "Column", "Table"]
