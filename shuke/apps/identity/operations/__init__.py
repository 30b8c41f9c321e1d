"""Every write of identity."""

from shuke.apps.identity.operations.following import register_follower
from shuke.apps.identity.operations.forgetting import forget_identifiers, readmit
from shuke.apps.identity.operations.merging import merge_members, unmerge_members
from shuke.apps.identity.operations.registering import register_members
from shuke.apps.identity.operations.resolving import resolve_person_keys
from shuke.apps.identity.operations.unmasking import unmask_member

__all__ = [
    "forget_identifiers",
    "merge_members",
    "readmit",
    "register_follower",
    "register_members",
    "resolve_person_keys",
    "unmask_member",
    "unmerge_members",
]
