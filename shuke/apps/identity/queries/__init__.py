"""Every read of identity."""

from shuke.apps.identity.queries.evidence import link_graph
from shuke.apps.identity.queries.identifiers import (
    addresses,
    find_members,
    identifiers_of,
    members_known_by,
    owners_of_keys,
    person_keys_of,
    primary_person_keys,
    value_hash,
)
from shuke.apps.identity.queries.matching import (
    match_policy,
    match_run,
    match_runs,
    merge,
    merges_of,
    merges_page,
    person_side,
    policy_of,
    suggestion,
    suggestion_counts,
    suggestions_page,
)

__all__ = [
    "addresses",
    "find_members",
    "identifiers_of",
    "link_graph",
    "match_policy",
    "match_run",
    "match_runs",
    "members_known_by",
    "merge",
    "merges_of",
    "merges_page",
    "owners_of_keys",
    "person_keys_of",
    "person_side",
    "policy_of",
    "primary_person_keys",
    "suggestion",
    "suggestion_counts",
    "suggestions_page",
    "value_hash",
]
