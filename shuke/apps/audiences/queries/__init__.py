"""Every read of audiences."""

from shuke.apps.audiences.queries.catalogue import catalogue, known_values, templates
from shuke.apps.audiences.queries.evaluating import audience_tables, bench, business_today
from shuke.apps.audiences.queries.known import register_campaign_names, register_tier_names
from shuke.apps.audiences.queries.saved import (
    audience,
    audience_member_ids,
    audience_members,
    audience_names,
    audience_profile,
    audience_size,
    audiences_listing,
    audiences_page,
    audiences_using,
    draft,
    member_ids_page,
    versions,
)

__all__ = [
    "audience",
    "audience_member_ids",
    "audience_members",
    "audience_names",
    "audience_profile",
    "audience_size",
    "audience_tables",
    "audiences_listing",
    "audiences_page",
    "audiences_using",
    "bench",
    "business_today",
    "catalogue",
    "draft",
    "known_values",
    "member_ids_page",
    "register_campaign_names",
    "register_tier_names",
    "templates",
    "versions",
]
