"""Every change of accounts, mappings, imports and connections."""

from shuke.apps.connections.operations.accounts import create_account, ensure_account
from shuke.apps.connections.operations.checking import check_batch
from shuke.apps.connections.operations.connecting import (
    change_connection,
    check_connection,
    create_connection,
    delete_connection,
    pause_connection,
    resume_connection,
)
from shuke.apps.connections.operations.handing_out import hand_out_rejected
from shuke.apps.connections.operations.landing import (
    lander_of,
    person_keys,
    register_companion,
    register_lander,
    register_person_key_resolver,
)
from shuke.apps.connections.operations.mapping import (
    change_mapping,
    delete_profile,
    map_by_hand,
    save_profile,
    use_profile,
)
from shuke.apps.connections.operations.retention import delete_old_uploads
from shuke.apps.connections.operations.running import request_import, run_batch
from shuke.apps.connections.operations.syncing import request_sync, run_sync, start_due_syncs
from shuke.apps.connections.operations.uploading import discard_batch, upload
from shuke.apps.connections.operations.webhooks import delete_old_runs, receive_webhook

__all__ = [
    "change_connection",
    "change_mapping",
    "check_batch",
    "check_connection",
    "create_account",
    "create_connection",
    "delete_connection",
    "delete_old_runs",
    "delete_old_uploads",
    "delete_profile",
    "discard_batch",
    "ensure_account",
    "hand_out_rejected",
    "lander_of",
    "map_by_hand",
    "pause_connection",
    "person_keys",
    "receive_webhook",
    "register_companion",
    "register_lander",
    "register_person_key_resolver",
    "request_import",
    "request_sync",
    "resume_connection",
    "run_batch",
    "run_sync",
    "save_profile",
    "start_due_syncs",
    "upload",
    "use_profile",
]
