"""A slot is set up by clicking, in a real Chromium, and the list beside it follows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from pytest_django.live_server_helper import LiveServer

from shuke.apps.recommendations.queries.slots import slot
from shuke.platform.accounts.operations import create_user
from shuke.platform.clock import now
from shuke.platform.permissions import SYSTEM
from tests.apps.recommendations.slot_shop import PASSWORD, serve_bundle

playwright_api = pytest.importorskip("playwright.sync_api")
playwright_api.expect.set_options(timeout=60_000)
CHROMIUM = Path("/usr/bin/chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.once,
    pytest.mark.skipif(
        not CHROMIUM.exists(), reason="Debian's Chromium is not installed (apt install chromium)."
    ),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def console(
    transactional_db: None,
    lake_home: Path,
    live_server: LiveServer,
    tmp_path: Path,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    browser: Any,
) -> Iterator[Any]:
    """A signed-in page of a shop with a bundle; the test fails on any error the browser reports."""
    # Playwright runs an event loop in this thread, and Django would refuse the database beside one.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    settings.BUNDLE_ROOT = tmp_path / "bundles"
    serve_bundle(settings.BUNDLE_ROOT)
    create_user(actor=SYSTEM, at=now(), username="mara", password=PASSWORD, role="marketer")
    problems: list[str] = []
    # The process's own browser: a second Playwright in the same thread is refused.
    context = browser.new_context(base_url=live_server.url, locale="en-US")
    context.set_default_timeout(90_000)
    found = context.new_page()
    found.on("pageerror", lambda error: problems.append(str(error)))
    found.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    found.goto(django_settings.LOGIN_URL)
    found.fill("[name=username]", "mara")
    found.fill("[name=password]", PASSWORD)
    found.locator("form:has([name=password]) button[type=submit]").click()
    found.wait_for_url(lambda url: django_settings.LOGIN_URL not in url)
    yield found
    context.close()
    assert problems == []


def test_a_changed_rule_changes_the_list_before_it_is_saved(console: Any) -> None:
    expect = playwright_api.expect
    console.goto("/recommendations/slots/new/?ready=for-you")
    places = console.locator("#preview .slot-list > li")
    expect(places).to_have_count(10)
    expect(console.locator("#preview")).to_contain_text("is not part of the fitted bundle")
    console.locator("#arms select").select_option("personal-frequency")
    expect(console.locator("#preview")).to_contain_text("Answered by “What they buy often”.")

    console.fill("[name=places]", "4")
    expect(places).to_have_count(4)
    console.fill("[name=q_pinned]", "rice 47")
    console.locator("#found-pinned button").first.click()
    expect(places.first).to_contain_text("rice no. 47")
    expect(places.first).to_contain_text("Pinned")

    second = places.nth(1).locator("b").inner_text()
    kind = second.split()[0]
    console.fill("[name=q_barred]", second)
    console.locator("#found-barred").get_by_text(second, exact=True).click()
    expect(places.nth(1)).not_to_contain_text(second)
    expect(console.locator(".slot-dropped")).to_be_visible()
    console.locator("#picked-barred [data-remove]").click()
    expect(places.nth(1)).to_contain_text(second)

    console.get_by_role("button", name="Add a boost").click()
    console.locator("#boosts input[name$=-name]").fill("Kind")
    console.locator("#boosts [type=search]").fill(kind)
    console.locator("#boosts .slot-hit").first.click()
    expect(console.locator("#preview")).to_contain_text("“Kind” changes")

    console.get_by_role("button", name="Let another strategy compete").click()
    console.locator("#arms select").nth(1).select_option("popularity")
    expect(console.locator("#preview [name=for_arm]")).to_be_visible()
    member = console.locator("[name=for_member]:checked").input_value()
    console.get_by_role("button", name="Another member").click()
    expect(console.locator("[name=for_member]").first).not_to_have_value(member)

    console.get_by_label("Somebody unknown").check()
    expect(places.nth(1)).not_to_contain_text("You")
    expect(places.nth(1)).not_to_contain_text("New to the member")

    console.get_by_role("button", name="Save as draft").click()
    expect(console.locator(".page-title")).to_contain_text("Draft")
    console.get_by_role("button", name="Go live").click()
    console.locator("#confirm-dialog [data-confirm-yes]").click()
    expect(console.locator(".page-title")).to_contain_text("Live")
    expect(places).to_have_count(4)
    saved = slot("for-you")
    assert saved.rules.pinned_products == ["p047"]
    assert [(arm.name, arm.weight) for arm in saved.arms] == [("personal-frequency", 1), ("popularity", 1)]
    assert saved.experiment_id


def test_what_the_slot_is_about_chooses_its_strategies_and_what_is_asked(console: Any) -> None:
    expect = playwright_api.expect
    console.goto("/recommendations/slots/new/")
    expect(console.locator("[name=for_member]").first).to_be_visible()
    console.locator("select[name=about]").select_option("basket")
    console.locator("#arms select").select_option("complements")
    console.fill("[name=name]", "Till")
    console.fill("[name=code]", "till")
    expect(console.locator("#picked-basket .pick")).to_have_count(1)
    expect(console.locator("#preview .slot-list > li")).to_have_count(10)
    console.locator("#picked-basket [data-remove]").click()
    console.fill("[name=q_basket]", "tea 8")
    console.locator("#found-basket button").first.click()
    expect(console.locator("#preview")).to_contain_text("Often bought together with tea no. 8")
    console.locator("select[name=about]").select_option("segment")
    expect(console.locator("#arms select")).to_have_value("popularity")
    expect(console.locator("[name=for_member]").first).to_be_hidden()
    expect(console.locator("#preview")).to_contain_text("Answered by “Popular lately”.")
