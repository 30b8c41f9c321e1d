"""Code to copy for whoever connects a sender.  Every line of it is run by ``tests/systems/sdks``."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

PLACEHOLDER = "wk_YOUR_WRITE_KEY"


@dataclass(frozen=True)
class Guide:
    """How one sender is connected."""

    id: str
    title: str | Promise
    kind: str
    code: str


_SNIPPET = """<script async src="{url}/shuke.js" data-write-key="{key}"></script>
<script>
  window.shuke = window.shuke || [];
  // Call this from your consent banner when the visitor agrees (false when they change their mind):
  function agreed() {{ shuke.push(["consent", true, {{text: "What your banner said", version: "1"}}]); }}
  // Page views are told by themselves; the rest you say:
  shuke.push(["track", "Product Added", {{product_id: "4711", price: 12.5, quantity: 1}}]);
  shuke.push(["identify", "customer-17"]);  // after signing in
</script>"""

_BROWSER = """import {{ AnalyticsBrowser }} from "@segment/analytics-next";

const analytics = AnalyticsBrowser.load({{ writeKey: "{key}", cdnURL: "{url}" }});
analytics.track("Product Added", {{ product_id: "4711", price: 12.5, quantity: 1 }});"""

_NODE = """const {{ Analytics }} = require("@segment/analytics-node");

const analytics = new Analytics({{ writeKey: "{key}", host: "{url}" }});
analytics.track({{ userId: "customer-17", event: "Order Completed", properties: {{ order_id: "A-1" }} }});
await analytics.closeAndFlush();"""

_PYTHON = """from segment.analytics import Client

client = Client("{key}", host="{url}")
client.track("customer-17", "Order Completed", {{"order_id": "A-1"}})
client.shutdown()"""

_RUDDER_PYTHON = """from rudderstack.analytics.client import Client

client = Client("{key}", host="{url}")
client.track("customer-17", "Order Completed", {{"order_id": "A-1"}})
client.flush()"""

_RUDDER_NODE = """const RudderAnalytics = require("@rudderstack/rudder-sdk-node");

const client = new RudderAnalytics("{key}", {{ dataPlaneUrl: "{url}" }});
client.track({{ userId: "customer-17", event: "Order Completed", properties: {{ order_id: "A-1" }} }});
client.flush();"""

_HTTP = """curl {url}/v1/batch -u "{key}:" -H "Content-Type: application/json" -d '{{
  "batch": [{{"type": "track", "messageId": "0001", "userId": "customer-17",
             "event": "Order Completed", "properties": {{"order_id": "A-1"}}}}]
}}'"""

_GUIDES = (
    Guide("snippet", _("Web snippet of Shuke"), "web", _SNIPPET),
    Guide("analytics-next", "Segment: Analytics.js", "web", _BROWSER),
    Guide("segment-node", "Segment: Node.js", "server", _NODE),
    Guide("segment-python", "Segment: Python", "server", _PYTHON),
    Guide("rudder-node", "RudderStack: Node.js", "server", _RUDDER_NODE),
    Guide("rudder-python", "RudderStack: Python", "server", _RUDDER_PYTHON),
    Guide("http", _("Without a library"), "mobile", _HTTP),
)


def guides(*, kind: str, url: str, key: str) -> list[Guide]:
    """Those for the kind of the source first, with its address and key filled in."""
    filled = [
        Guide(guide.id, guide.title, guide.kind, guide.code.format(url=url, key=key or PLACEHOLDER))
        for guide in _GUIDES
    ]
    return sorted(filled, key=lambda guide: guide.kind != kind)
