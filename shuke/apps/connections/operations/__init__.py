"""Every change of accounts, mappings and imports."""

from shuke.apps.connections.operations.accounts import create_account, ensure_account
from shuke.apps.connections.operations.checking import check_batch
from shuke.apps.connections.operations.landing import (
    register_companion,
    register_lander,
    register_person_key_resolver,
)
from shuke.apps.connections.operations.mapping import (
    change_mapping,
    delete_profile,
    save_profile,
    use_profile,
)
from shuke.apps.connections.operations.retention import delete_old_uploads
from shuke.apps.connections.operations.running import request_import, run_batch
from shuke.apps.connections.operations.uploading import discard_batch, upload

__all__ = [
    "change_mapping",
    "check_batch",
    "create_account",
    "delete_old_uploads",
    "delete_profile",
    "discard_batch",
    "ensure_account",
    "register_companion",
    "register_lander",
    "register_person_key_resolver",
    "request_import",
    "run_batch",
    "save_profile",
    "upload",
    "use_profile",
]
