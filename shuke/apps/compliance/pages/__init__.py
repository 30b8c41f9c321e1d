"""Pages of permission and privacy."""

from shuke.apps.compliance.pages.member import register

__all__ = ["register"]
