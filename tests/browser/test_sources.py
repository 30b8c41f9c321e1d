"""A source is made, its key copied, its events watched and planned, in a real browser."""

import json
from datetime import timedelta

import pyarrow as pa
import pytest
from playwright.sync_api import expect

from shuke.apps.collector.models import Source
from shuke.platform.clock import now
from shuke.platform.warehouse import lake
from shuke.tables import TABLES


def arrive(source_id: str, name: str, **properties: object) -> None:
    """An event as the loader writes it."""
    at = now()
    row = {
        "message_id": name,
        "source": source_id,
        "type": "track",
        "name": name,
        "person_key": "psn_0123456789ab",
    }
    row |= {"occurred_at": at, "received_at": at, "properties": json.dumps(properties), "context": "{}"}
    row |= {"local_month": f"{at:%Y-%m}", "local_date": at.date(), "local_hour": at.hour}
    lake().append("events", pa.Table.from_pylist([row], schema=TABLES["events"].arrow_schema))


def put_aside(source_id: str) -> None:
    shown = {"type": "track", "name": "Broken", "message_id": "b", "shape": {"price": "other"}}
    row = {"batch_id": f"{source_id}:1", "table": "events", "row_no": 1, "column": "", "code": "not_a_number"}
    row |= {
        "message": "A number is NaN.",
        "raw": json.dumps(shown),
        "rejected_at": now() - timedelta(seconds=1),
    }
    lake().append("rejected_rows", pa.Table.from_pylist([row], schema=TABLES["rejected_rows"].arrow_schema))


@pytest.mark.slow
def test_from_a_new_source_to_its_live_events_and_its_plan(console):
    page = console.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    console.open("/sources/")
    page.get_by_role("main").get_by_role("link", name="New source").click()
    page.get_by_label("Name").fill("Web shop")
    page.get_by_role("button", name="Create and show the key").click()
    key = page.locator("#write-key").inner_text()
    page.get_by_role("status").get_by_role("button", name="Copy").click()
    assert page.evaluate("navigator.clipboard.readText()") == key
    expect(page.locator("#code-snippet")).to_contain_text(f'data-write-key="{key}"')
    page.get_by_text("Segment: Python").click()
    expect(page.locator("#code-segment-python")).to_be_visible()

    source_id = Source.objects.get().public_id
    page.get_by_role("link", name="Live", exact=True).click()
    expect(page.get_by_text("Waiting for events")).to_be_visible()
    arrive(source_id, "First <i>", email="ann@example.com", price=1)
    # Without a reload: the list asks again by itself.
    first = page.locator(".live-list summary").first
    expect(first).to_contain_text("First <i>")
    first.click()
    expect(page.locator(".live-body pre").first).to_contain_text('"price": 1')
    expect(page.locator(".live-body").first).not_to_contain_text("ann@example.com")
    # While somebody reads, the list stands still, though it asks every three seconds; afterwards it goes on.
    arrive(source_id, "Second")
    page.wait_for_timeout(7000)
    expect(page.locator(".live-list summary")).to_have_count(1)
    first.click()
    expect(page.locator(".live-list summary")).to_have_count(2)
    put_aside(source_id)
    page.locator(".chips").get_by_role("link", name="Put aside").click()
    expect(page.locator(".live-list summary")).to_contain_text("A number is NaN or infinite")

    page.get_by_role("link", name="Tracking plan").click()
    page.get_by_role("link", name="Expect an event").first.click()
    page.get_by_label("Event").fill("Product Added")
    page.get_by_label("Name 1").fill("price")
    page.get_by_label("Type 1").select_option("number")
    page.get_by_label("Required 1").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row").filter(has_text="Product Added")).to_contain_text("price number *")
    for place in ("", "live/", "plan/", "plan/event/?name=Product+Added", "settings/"):
        page.set_viewport_size({"width": 390, "height": 844})
        console.open(f"/sources/{source_id}/{place}")
        assert console.overflow() <= 0, place
