"""What Segment's browser SDK asks for before it sends: ``GET /v1/projects/{writeKey}/settings``.

The SDK takes the address of its deliveries from here, so one line in the page (``cdnURL``) is all that a shop
has to set.  Destinations that run in the browser, remote plugins and metrics are none of ours: an empty object
each, which the SDK reads as "nothing to load"; a sample rate left out would report to Segment's own host.
"""

from typing import Any


def browser_settings(*, write_key: str, host: str, is_secure: bool) -> dict[str, Any]:
    """The settings of one source.  ``host`` is the collector's own name and port as the browser knows it."""
    return {
        "integrations": {
            "Segment.io": {
                "apiKey": write_key,
                "apiHost": f"{host}/v1",
                "protocol": "https" if is_secure else "http",
            }
        },
        "plan": {"track": {"__default": {"enabled": True, "integrations": {}}}},
        "edgeFunction": {},
        "analyticsNextEnabled": True,
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "metrics": {"sampleRate": 0},
        "legacyVideoPluginsEnabled": False,
        "remotePlugins": [],
    }
