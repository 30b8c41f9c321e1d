"""Every change of sources, keys, tracking plans and the spool."""

from shuke.apps.collector.operations.erasing import erase_from_spool, tend_spool
from shuke.apps.collector.operations.keys import create_write_key, revoke_write_key
from shuke.apps.collector.operations.loading import Loaded, load_all, load_once
from shuke.apps.collector.operations.plans import expect_event, forget_expected_event
from shuke.apps.collector.operations.sources import change_source, create_source, remove_source

__all__ = [
    "Loaded",
    "change_source",
    "create_source",
    "create_write_key",
    "erase_from_spool",
    "expect_event",
    "forget_expected_event",
    "load_all",
    "load_once",
    "remove_source",
    "revoke_write_key",
    "tend_spool",
]
