"""What recommendations does by itself and in the background."""

from shuke.apps.recommendations.tasks import bundles, learning  # noqa: F401
