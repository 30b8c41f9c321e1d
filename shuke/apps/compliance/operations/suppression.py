"""Who gets nothing, whatever was consented: members, and addresses that belong to nobody yet."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.compliance.models import SuppressedAddress, Suppression
from shuke.apps.compliance.queries.suppression import (
    REGION,
    address_hash,
    address_kind,
    normal_address,
    shown,
)
from shuke.apps.members.queries import member_refs
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Invalid
from shuke.platform.permissions import Actor


@transaction.atomic
def suppress(*, at: datetime, member_ids: Iterable[str], channel: str, reason: str, source: str = "") -> int:
    """Stop a channel for members, such as after a hard bounce; the first reason stays.

    Returns how many are new.
    """
    refs = member_refs(member_ids)
    before = Suppression.objects.filter(channel=channel).count()
    Suppression.objects.bulk_create(
        [
            Suppression(member_id=ref.pk, channel=channel, reason=reason, source=source, suppressed_at=at)
            for ref in refs.values()
        ],
        ignore_conflicts=True,
        batch_size=1000,
    )
    return Suppression.objects.filter(channel=channel).count() - before


@transaction.atomic
def lift_suppression(*, actor: Actor, at: datetime, member_id: str, channel: str) -> bool:
    """Allow the channel again, such as after a corrected address.  Whether there was a suppression."""
    deleted, _rows = Suppression.objects.filter(member__public_id=member_id, channel=channel).delete()
    if deleted:
        changes = {"channel": [channel, None]}
        record_audit(
            actor=actor, at=at, verb="suppression.lifted", subject=("member", member_id), changes=changes
        )
    return bool(deleted)


@transaction.atomic
def suppress_addresses(
    *, actor: Actor, at: datetime, channel: str, addresses: Mapping[str, str], reason: str, source: str
) -> int:
    """Stop a channel for addresses, whoever they belong to now or later; the first reason stays.

    ``addresses`` maps each in its normal form to what may be shown of it.  Returns how many are new.
    """
    hashes = {address_hash(channel, address): shown for address, shown in addresses.items()}
    before = SuppressedAddress.objects.filter(channel=channel).count()
    SuppressedAddress.objects.bulk_create(
        [
            SuppressedAddress(
                channel=channel,
                value_hash=digest,
                shown=shown[:80],
                reason=reason,
                source=source[:80],
                suppressed_at=at,
            )
            for digest, shown in hashes.items()
        ],
        ignore_conflicts=True,
        batch_size=1000,
    )
    new = SuppressedAddress.objects.filter(channel=channel).count() - before
    if new and actor.kind != "system":
        changes = {"addresses": [0, new], "channel": [None, channel], "reason": [None, reason]}
        record_audit(
            actor=actor, at=at, verb="suppression.listed", subject=("suppression", channel), changes=changes
        )
    return new


def list_address(*, actor: Actor, at: datetime, address: str, channel: str, reason: str, source: str) -> bool:
    """Put one address on the list, as somebody wrote it.  Whether it is new; refuses what is no address."""
    kind = address_kind(address)
    normal = normal_address(kind, address, region=REGION)
    if normal is None or (kind == "email") != (channel == "email"):
        raise Invalid(
            "invalid_address",
            _("This is no address of that channel. Write an email, or a phone number with its country code."),
            {"channel": channel},
        )
    listed = {normal: shown(kind, normal)}
    return bool(
        suppress_addresses(
            actor=actor, at=at, channel=channel, addresses=listed, reason=reason, source=source
        )
    )


@transaction.atomic
def remove_address(*, actor: Actor, at: datetime, entry: int) -> bool:
    """Take an address off the list.  Whether it was on it."""
    row = SuppressedAddress.objects.filter(pk=entry).first()
    if row is None:
        return False
    row.delete()
    record_audit(
        actor=actor, at=at, verb="suppression.unlisted", subject=("suppression", row.channel), changes={}
    )
    return True


def hide_addresses(addresses: Iterable[str]) -> int:
    """Forget what is shown of these addresses, wherever they are listed; returns of how many entries."""
    known = list(addresses)
    changed = 0
    for channel in SuppressedAddress.objects.exclude(shown="").values_list("channel", flat=True).distinct():
        hashes = [address_hash(channel, address) for address in known]
        rows = SuppressedAddress.objects.filter(channel=channel, value_hash__in=hashes).exclude(shown="")
        changed += rows.update(shown="")
    return changed
