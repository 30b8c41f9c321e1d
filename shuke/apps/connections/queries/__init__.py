"""Every read of accounts, mappings, imports and connections."""

from shuke.apps.connections.queries.accounts import account, accounts
from shuke.apps.connections.queries.batches import batch, batches_page, earlier_batch, stored_uploads
from shuke.apps.connections.queries.connecting import (
    connection,
    connections,
    sync_batch_ids,
    sync_rejected_page,
    sync_run,
    sync_runs_page,
    system_named,
    systems,
)
from shuke.apps.connections.queries.mappings import preview, profiles
from shuke.apps.connections.queries.quality import quality
from shuke.apps.connections.queries.rejected import rejected_csv, rejected_page

__all__ = [
    "account",
    "accounts",
    "batch",
    "batches_page",
    "connection",
    "connections",
    "earlier_batch",
    "preview",
    "profiles",
    "quality",
    "rejected_csv",
    "rejected_page",
    "stored_uploads",
    "sync_batch_ids",
    "sync_rejected_page",
    "sync_run",
    "sync_runs_page",
    "system_named",
    "systems",
]
