"""Email over SMTP."""

from shuke.apps.channels.adapters.email.smtp import EmailAdapter, SmtpConfig

__all__ = ["EmailAdapter", "SmtpConfig"]
