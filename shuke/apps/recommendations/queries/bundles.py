"""Which bundle is served, and which there are."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from shuke.apps.recommendations.adapters.bundle_files import active_bundle
from shuke.science.recommendations.bundles import Bundle


def bundle_root() -> Path:
    """Where bundles lie."""
    return Path(settings.BUNDLE_ROOT)


def serving_bundle() -> Bundle | None:
    """The bundle that is served; None before the first was fitted.  Cheap: one ``stat``."""
    return active_bundle(bundle_root())
