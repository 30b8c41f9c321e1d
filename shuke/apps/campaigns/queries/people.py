"""Whom a campaign addresses."""

from datetime import date

from shuke.apps.audiences.queries import audience_member_ids
from shuke.apps.campaigns.models import Campaign
from shuke.apps.channels.queries import consent_channel
from shuke.apps.compliance.queries import may_contact
from shuke.apps.identity.queries import addresses, primary_person_keys

PURPOSE = "marketing"


def audience_of(row: Campaign, *, as_of: date) -> dict[str, str]:
    """The members of the campaign's audience with their person_key; members without one are in no fact and left out."""
    if not row.audience_id:
        return {}
    ids = audience_member_ids(row.audience_id, version=row.audience_version, as_of=as_of)
    keys = primary_person_keys(ids)
    return {member_id: keys[member_id] for member_id in ids if member_id in keys}


def reachable(row: Campaign, member_ids: list[str]) -> set[str]:
    """Those who may be contacted now and have an address."""
    verdicts = may_contact(member_ids, channel=consent_channel(row.channel), purpose=PURPOSE)
    allowed = [member_id for member_id, verdict in verdicts.items() if verdict.allowed]
    return set(addresses(allowed, kind="email"))
