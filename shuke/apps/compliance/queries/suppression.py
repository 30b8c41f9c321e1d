"""Who must get nothing on a channel."""

from collections.abc import Iterable

from django.db.models import Q

from shuke.apps.compliance.models import SuppressedAddress, Suppression
from shuke.apps.compliance.schemas import SuppressionView
from shuke.platform.crypto import keyed_hash
from shuke.sources.cleaning.emails import normalised_email
from shuke.sources.cleaning.phones import normalised_phone

#: Of phone numbers without a country code.
REGION = "CN"
_INTO = "member__merged_into"
_INTO_TWICE = f"{_INTO}__merged_into"


def address_hash(channel: str, address: str) -> str:
    """The keyed hash of an address in its normal form."""
    return keyed_hash(address, purpose=f"suppressed:{channel}")


def suppressed_among(pks: list[int], *, channel: str) -> dict[int, str]:
    """Database key → reason, for those of these members, or who were merged into them, that are suppressed."""
    wanted = set(pks)
    rows = Suppression.objects.filter(
        Q(member_id__in=pks) | Q(**{f"{_INTO}_id__in": pks}) | Q(**{f"{_INTO_TWICE}_id__in": pks}),
        channel=channel,
    ).order_by("-pk")
    found: dict[int, str] = {}
    for *keys, reason in rows.values_list("member_id", f"{_INTO}_id", f"{_INTO_TWICE}_id", "reason"):
        found |= {key: reason for key in keys if key in wanted}
    return found


def suppressions_of(member_id: str) -> dict[str, str]:
    """Reason by channel."""
    mine = Q(member__public_id=member_id) | Q(**{f"{_INTO}__public_id": member_id})
    return dict(Suppression.objects.filter(mine).order_by("-pk").values_list("channel", "reason"))


def suppressed_members() -> list[tuple[str, str]]:
    """(member id, channel) of every suppression, for audiences that must be reachable."""
    names = ("member__public_id", f"{_INTO}__public_id", f"{_INTO_TWICE}__public_id")
    rows = Suppression.objects.values_list(*names, "channel")
    return [(twice or once or own, channel) for own, once, twice, channel in rows]


def suppressed_addresses(addresses: Iterable[str], *, channel: str) -> dict[str, str]:
    """Address → reason, of these (in their normal form) that are on the list of the channel."""
    hashes = {address_hash(channel, address): address for address in addresses}
    rows = SuppressedAddress.objects.filter(channel=channel, value_hash__in=hashes)
    return {hashes[digest]: reason for digest, reason in rows.values_list("value_hash", "reason")}


def suppressions_page(
    *, limit: int = 50, offset: int = 0, channel: str = "", address: str = ""
) -> tuple[list[SuppressionView], int]:
    """Listed addresses, newest first, and how many there are; ``address`` (in its normal form) finds one."""
    rows = SuppressedAddress.objects.order_by("-suppressed_at", "-pk")
    if channel:
        rows = rows.filter(channel=channel)
    if address:
        kinds = [channel] if channel else ["email", "sms"]
        rows = rows.filter(value_hash__in=[address_hash(kind, address) for kind in kinds])
    return [SuppressionView.from_orm(row) for row in rows[offset : offset + limit]], rows.count()


def address_kind(text: str) -> str:
    """What an address is: email or phone."""
    return "email" if "@" in text else "phone"


def normal_address(kind: str, text: str, *, region: str) -> str | None:
    """The address in its normal form, or ``None`` for what is none."""
    return normalised_email(text) if kind == "email" else normalised_phone(text, region=region)


def found_address(text: str, *, region: str = REGION) -> str:
    """The normal form of what somebody searches for; what is no address is searched as it is."""
    return normal_address(address_kind(text), text, region=region) or text


def shown(kind: str, address: str) -> str:
    """What may be shown of an address to everybody."""
    if kind == "email":
        local, _at, domain = address.partition("@")
        return f"{local[:1]}***@{domain}"
    return f"{address[:3]}******{address[-4:]}"
