"""Run as a process: makes the database of a home, and a source with a key for each client; prints the keys."""

import json
import os

import django

#: name → (kind, role of its key, events a second)
SOURCES = {
    "segment-python": ("server", "server", None),
    "segment-python-limited": ("server", "server", 50),
    "segment-python-killed": ("server", "server", None),
    "rudder-python": ("server", "server", None),
    "segment-node": ("server", "server", None),
    "rudder-node": ("server", "server", None),
    "analytics-next": ("web", "trusted_web", None),
    "analytics-next-batching": ("web", "web", None),
    "snippet": ("web", "trusted_web", None),
    "snippet-public": ("web", "web", None),
    "guides": ("server", "server", None),
    "hostile": ("server", "server", None),
}


def main() -> None:
    """Make everything; the last line printed is JSON: name → [source id, key]."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shuke.config.settings")
    django.setup()
    from shuke.apps.collector.operations import create_source, create_write_key, expect_event
    from shuke.apps.collector.schemas import PropertyRule
    from shuke.apps.connections.operations import ensure_account
    from shuke.platform.clock import now
    from shuke.platform.permissions import SYSTEM

    made = {}
    for name, (kind, role, rate) in SOURCES.items():
        account = ensure_account(actor=SYSTEM, at=now(), name=name, sales_channel="web")
        source_id = create_source(
            actor=SYSTEM, at=now(), account_id=account.id, name=name, kind=kind, events_per_second=rate
        )
        key = create_write_key(actor=SYSTEM, at=now(), source_id=source_id, role=role).key
        made[name] = (source_id, key)
    expect_event(
        actor=SYSTEM,
        at=now(),
        source_id=made["segment-python"][0],
        name="Product Added",
        properties=[PropertyRule(name="price", type="number", is_required=True), PropertyRule(name="sku")],
    )
    print(json.dumps(made))


if __name__ == "__main__":
    main()
