"""The API: one router per app, mounted under ``/api/v1``."""

from importlib.util import find_spec

from django.utils.module_loading import import_string

from shuke.web.api import build_api

#: The prefix of each app's router; an app with several nouns names them in its own paths.
ROUTERS: tuple[tuple[str, str], ...] = (
    ("", "shuke.apps.insights.api"),
    ("", "shuke.apps.members.api"),
    ("", "shuke.apps.compliance.api"),
    ("", "shuke.apps.identity.api"),
    ("/audiences", "shuke.apps.audiences.api"),
    ("/recommendations", "shuke.apps.recommendations.api"),
    ("", "shuke.apps.campaigns.api"),
    ("", "shuke.apps.channels.api"),
    ("", "shuke.apps.promotions.api"),
    ("", "shuke.apps.loyalty.api"),
    ("", "shuke.apps.measurement.api"),
    ("", "shuke.apps.commerce.api"),
    ("", "shuke.apps.connections.api"),
    ("", "shuke.apps.quality.api"),
    ("/sources", "shuke.apps.collector.api"),
    ("", "shuke.platform.jobs.api"),
)

api = build_api()
for prefix, module in ROUTERS:
    if find_spec(module) is not None:
        api.add_router(prefix, import_string(f"{module}.router"))
