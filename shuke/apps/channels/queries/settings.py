"""The channels of this installation."""

from django.utils.translation import gettext_lazy as _

from shuke.apps.channels.adapters.console import ConsoleAdapter
from shuke.apps.channels.adapters.contract import Adapter
from shuke.apps.channels.adapters.email import EmailAdapter, SmtpConfig
from shuke.apps.channels.models import EmailSettings
from shuke.apps.channels.schemas import EmailSettingsView
from shuke.platform.crypto import decrypt
from shuke.platform.errors import Refused
from shuke.platform.retailer.queries import retailer

CHANNELS = ("console", "email")


class ChannelNotReady(Refused):
    """The channel lacks settings."""


def email_settings() -> EmailSettingsView:
    """The mail server; empty before anybody has saved one."""
    row = EmailSettings.objects.filter(pk=1).first() or EmailSettings()
    return EmailSettingsView(
        host=row.host,
        port=row.port,
        security=row.security,
        username=row.username,
        has_password=bool(row.password_encrypted),
        messages_per_second=row.messages_per_second,
        is_tracking=row.is_tracking,
    )


def smtp_config() -> SmtpConfig:
    """Where mail goes.  Raises ``ChannelNotReady`` without a server or a sender."""
    row = EmailSettings.objects.filter(pk=1).first() or EmailSettings()
    shop = retailer()
    if not (row.host and shop.sender_address):
        raise ChannelNotReady(
            "email_not_ready",
            _("Email has no server or no sender address yet; an administrator can set both in the settings."),
        )
    return SmtpConfig(
        host=row.host,
        port=row.port,
        security=row.security,  # type: ignore[arg-type] # the choices of the column are those of Security
        sender_name=shop.sender_name or shop.name,
        sender_address=shop.sender_address,
        username=row.username,
        password=decrypt(row.password_encrypted),
        messages_per_second=row.messages_per_second,
    )


def adapter_of(channel: str) -> Adapter:
    """The configured adapter.  Raises ``ChannelNotReady``, also for a channel there is none of."""
    if channel == "console":
        return ConsoleAdapter()
    if channel == "email":
        return EmailAdapter(smtp_config())
    raise ChannelNotReady("unknown_channel", _("There is no such channel."), {"channel": channel})


def consent_channel(channel: str) -> str:
    """Whose consent a channel asks for: the console stands in for email."""
    return EmailAdapter.consent_channel if channel in CHANNELS else channel


def usable_channels() -> list[str]:
    """Channels that could send now."""
    ready = []
    for channel in CHANNELS:
        try:
            adapter_of(channel)
        except ChannelNotReady:
            continue
        ready.append(channel)
    return ready
