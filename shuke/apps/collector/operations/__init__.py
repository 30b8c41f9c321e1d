"""Every change of sources, keys and tracking plans."""

from shuke.apps.collector.operations.keys import create_write_key, revoke_write_key
from shuke.apps.collector.operations.plans import expect_event, forget_expected_event
from shuke.apps.collector.operations.sources import change_source, create_source, remove_source

__all__ = [
    "change_source",
    "create_source",
    "create_write_key",
    "expect_event",
    "forget_expected_event",
    "remove_source",
    "revoke_write_key",
]
