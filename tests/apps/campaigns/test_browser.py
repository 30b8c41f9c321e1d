"""A campaign from the first click to its report, by two people, in a real Chromium."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from pytest_django.live_server_helper import LiveServer

from shuke.apps.campaigns.models import Campaign, RunMember
from shuke.apps.campaigns.tasks import carry_on_all
from shuke.apps.channels.models import Message
from shuke.platform.accounts.models import User
from shuke.platform.clock import now
from shuke.platform.outbox.relay import drain
from tests.apps.campaigns.conftest import PASSWORD, Shop, add_orders, order_row

playwright_api = pytest.importorskip("playwright.sync_api")
expect = playwright_api.expect
expect.set_options(timeout=60_000)
CHROMIUM = Path("/usr/bin/chromium")
#: A folder for pictures of every page, for people to look at.
SHOTS = os.environ.get("SHUKE_SHOTS", "")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(
        not CHROMIUM.exists(), reason="Debian's Chromium is not installed (apt install chromium)."
    ),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def browser_window(
    shop: Shop, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch, browser: Any
) -> Iterator[Any]:
    """A window; the test fails on any error the browser reports, a violated policy among them."""
    # Playwright runs an event loop in this thread, and Django would refuse the database beside one.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    problems: list[str] = []
    # The process's own browser: a second Playwright in the same thread is refused.
    context = browser.new_context(
        base_url=live_server.url, locale="en-US", viewport={"width": 1440, "height": 900}
    )
    context.set_default_timeout(90_000)
    page = context.new_page()
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert problems == []


def sign_in(page: Any, name: str) -> None:
    page.wait_for_load_state()
    page.context.clear_cookies()
    page.goto(django_settings.LOGIN_URL)
    page.fill("[name=username]", name)
    page.fill("[name=password]", PASSWORD)
    page.locator("form:has([name=password]) button[type=submit]").click()
    page.wait_for_url(lambda url: django_settings.LOGIN_URL not in url)
    page.wait_for_load_state()


def shoot(page: Any, name: str) -> None:
    """Pictures in both languages and widths, if somebody asked for them."""
    if not SHOTS:
        return
    for language in ("en", "zh-hans"):
        User.objects.update(language=language)
        page.reload()
        for width, height in ((1440, 900), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(700)
            page.screenshot(path=f"{SHOTS}/{name}-{language}-{width}.png", full_page=True)
    User.objects.update(language="en")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.reload()


def narrow_enough(page: Any) -> None:
    """No page is wider than a phone."""
    page.set_viewport_size({"width": 390, "height": 844})
    # Two frames: charts follow their containers in the one after the resize.
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    page.set_viewport_size({"width": 1440, "height": 900})
    assert wider <= 0, f"{page.url} is {wider} pixels too wide"


def planned(page: Any) -> None:
    page.goto("/campaigns/")
    page.get_by_role("link", name="New campaign").first.click()
    page.fill("[name=name]", "Spring is here")
    page.select_option("[name=audience_id]", label="Everybody")
    page.select_option("[name=channel]", "console")
    page.fill("[name=budget]", "100")
    page.fill("[name=cost_per_thousand]", "50")
    page.fill("[name=control_percent]", "25")
    shoot_form = page.locator("form.card")
    narrow_enough(page)
    shoot_form.locator("button[type=submit]").click()
    page.wait_for_url("**/message/**")
    page.fill("[name=subject]", "Hello {{ member.first_name or 'friend' }}")
    page.fill("[name=html]", "<h1>Spring</h1><p>A gift for {{ member.fist_name }}</p>")
    page.get_by_role("button", name="Save and preview").click()
    shown = page.frame_locator("iframe").first.locator("body")
    expect(shown).to_contain_text("fist_name")
    page.fill(
        "[name=html]",
        "<h1>Spring</h1><p>A gift for {{ member.first_name }}: <a href='https://example.com'>here</a></p>",
    )
    page.get_by_role("button", name="Save and preview").click()
    expect(shown.get_by_role("link", name="here", exact=True)).to_be_visible()
    narrow_enough(page)
    shoot(page, "2-message")
    page.get_by_role("button", name="On to the check").click()
    expect(page.get_by_role("button", name="Ask for approval")).to_be_visible()


def test_from_the_first_click_to_the_report(browser_window: Any, shop: Shop, live_server: Any) -> None:
    page = browser_window
    sign_in(page, "mark")
    planned(page)
    campaign = Campaign.objects.get()
    narrow_enough(page)
    shoot(page, "3-check")
    page.get_by_role("button", name="Ask for approval").click()
    expect(page.locator("main")).to_contain_text("somebody other than the author")
    sign_in(page, "vera")
    page.goto(f"/campaigns/{campaign.public_id}/")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(".page-actions")).to_contain_text("Approved")
    sign_in(page, "mark")
    page.goto(f"/campaigns/{campaign.public_id}/")
    page.get_by_role("button", name="Send now").click()
    expect(page.locator("#confirm-question")).to_contain_text("members get the message")
    page.locator("[data-confirm-yes]").click()
    expect(page.locator(".page-actions")).to_contain_text("Scheduled")
    # The page asks every two seconds how far it is, and SQLite in memory lets nobody ask while others write.
    page.wait_for_load_state()
    page.goto("about:blank")
    # A question that was on its way is still answered.
    with live_server.turn:
        carry_on_all.func()
    page.goto(f"/campaigns/{campaign.public_id}/")
    campaign.refresh_from_db()
    assert campaign.state == "done"
    shoot(page, "4-done")
    narrow_enough(page)
    _bought(shop, campaign)
    page.get_by_role("link", name="Report").click()
    expect(page.locator("main")).to_contain_text("Members who were written to spent")
    expect(page.locator("main")).to_contain_text("the comparison is fair")
    narrow_enough(page)
    shoot(page, "5-report")
    page.goto(f"/messages/?campaign_id={campaign.public_id}&state=delivered")
    shoot(page, "6-messages")
    narrow_enough(page)
    message = Message.objects.filter(state="delivered").first()
    page.goto(f"/messages/{message.public_id}/")  # type: ignore[union-attr]
    expect(page.frame_locator("iframe").first.locator("body")).to_contain_text("A gift for")
    shoot(page, "7-message")
    for path in ("/campaigns/", "/campaigns/calendar/"):
        page.goto(path)
        narrow_enough(page)
        shoot(page, f"1{path.replace('/', '-')}")


def _bought(shop: Shop, campaign: Campaign) -> None:
    """Members buy after the campaign, those who were written to more."""
    rows = []
    members = RunMember.objects.filter(run__campaign=campaign).exclude(arm="unreachable")
    for number, (member_id, arm) in enumerate(members.values_list("member__public_id", "arm")):
        if number % 3 or arm != "control":
            row = order_row(
                10_000 + number,
                shop.person_keys[member_id],
                now() + timedelta(milliseconds=1),
                paid_minor=900 + 37 * (number % 50) + (600 if arm != "control" else 0),
            )
            rows.append(row)
    add_orders(rows)
    drain()
