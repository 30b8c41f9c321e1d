"""Every write of identity."""

from shuke.apps.identity.operations.applying import (
    accept_suggestion,
    apply_search,
    reject_suggestion,
    reopen_suggestion,
    start_applying,
)
from shuke.apps.identity.operations.following import register_follower
from shuke.apps.identity.operations.forgetting import forget_identifiers, readmit
from shuke.apps.identity.operations.merging import merge_members, unmerge_members
from shuke.apps.identity.operations.policy import change_policy
from shuke.apps.identity.operations.registering import register_members
from shuke.apps.identity.operations.resolving import resolve_person_keys
from shuke.apps.identity.operations.searching import search_members, start_search
from shuke.apps.identity.operations.unmasking import unmask_member, unmask_suggestion

__all__ = [
    "accept_suggestion",
    "apply_search",
    "change_policy",
    "forget_identifiers",
    "merge_members",
    "readmit",
    "register_follower",
    "register_members",
    "reject_suggestion",
    "reopen_suggestion",
    "resolve_person_keys",
    "search_members",
    "start_applying",
    "start_search",
    "unmask_member",
    "unmask_suggestion",
    "unmerge_members",
]
