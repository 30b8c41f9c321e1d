"""Every read of the collector."""

from shuke.apps.collector.queries.arrivals import recent_events, source_days
from shuke.apps.collector.queries.debugger import live_events
from shuke.apps.collector.queries.plans import expected_events, violations
from shuke.apps.collector.queries.sources import source, source_days_total, sources, write_keys
from shuke.apps.collector.queries.spooling import grants, loader_lag, spool

__all__ = [
    "expected_events",
    "grants",
    "live_events",
    "loader_lag",
    "recent_events",
    "source",
    "source_days",
    "source_days_total",
    "sources",
    "spool",
    "violations",
    "write_keys",
]
