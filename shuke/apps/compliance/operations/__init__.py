"""Every change of permission, and of what is to be forgotten."""

from shuke.apps.compliance.operations.consent import (
    correct_decision,
    forget_permission,
    record_consents,
    withdraw_all,
)
from shuke.apps.compliance.operations.erasing import (
    cancel_erasure,
    erase_member,
    hurry_erasures,
    replay_list,
    request_erasure,
    run_erasures,
)
from shuke.apps.compliance.operations.handing_out import export_person
from shuke.apps.compliance.operations.importing import (
    adopt_devices,
    hear_devices,
    import_consents,
    import_suppressions,
)
from shuke.apps.compliance.operations.merging import move_permission, restore_permission
from shuke.apps.compliance.operations.owners import register_owners
from shuke.apps.compliance.operations.preferring import (
    delete_ask,
    leave_everything,
    save_ask,
    save_brand,
    save_preferences,
)
from shuke.apps.compliance.operations.retention import apply_retention, change_retention
from shuke.apps.compliance.operations.suppression import (
    hide_addresses,
    lift_suppression,
    list_address,
    remove_address,
    suppress,
    suppress_addresses,
)

__all__ = [
    "adopt_devices",
    "apply_retention",
    "cancel_erasure",
    "change_retention",
    "correct_decision",
    "delete_ask",
    "erase_member",
    "export_person",
    "forget_permission",
    "hear_devices",
    "hide_addresses",
    "hurry_erasures",
    "import_consents",
    "import_suppressions",
    "leave_everything",
    "lift_suppression",
    "list_address",
    "move_permission",
    "record_consents",
    "register_owners",
    "remove_address",
    "replay_list",
    "request_erasure",
    "restore_permission",
    "run_erasures",
    "save_ask",
    "save_brand",
    "save_preferences",
    "suppress",
    "suppress_addresses",
    "withdraw_all",
]
