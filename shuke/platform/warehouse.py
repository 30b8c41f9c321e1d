"""The configured lake of this installation."""

from django.conf import settings

from shuke.lake import Lake


def lake() -> Lake:
    """The lake at ``settings.LAKE_ROOT``.  Cheap: nothing is opened before the first read or write."""
    return Lake(settings.LAKE_ROOT)
