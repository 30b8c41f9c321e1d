"""What recommendations does by itself and in the background."""

from shuke.apps.recommendations.tasks import bundles, evaluations, learning  # noqa: F401
