"""The frame in a real browser: sign-in, language, every place of the menu, light and dark."""

import re

import pytest
from playwright.sync_api import expect

from shuke.config.navigation import SECTIONS
from tests.browser.conftest import WIDTHS
from tests.browser.shop import open_shop

PLACES = [entry.url for _title, entries in SECTIONS for entry in entries]


def test_sign_in_wrong_then_right_then_out(console):
    page = console.page
    expect(page).to_have_url(console.address + "/")
    page.get_by_role("button", name="Your account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(console.address + "/sign-in/")
    page.get_by_label("User name").fill("anna")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Name or password is wrong.")
    # The browser itself notes the answer 422 of a refused form.
    assert all("422" in problem for problem in console.problems)
    console.problems.clear()


def test_language_and_theme_are_switched_and_stay(console):
    page = console.page
    page.get_by_role("button", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    page.get_by_role("button", name="浅色或深色").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    console.open("/profile/")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(page.get_by_role("heading", level=1)).to_have_text("个人资料")


@pytest.mark.slow
@pytest.mark.parametrize("has_data", [False, True], ids=["empty", "data"])
def test_every_place_of_the_menu_in_both_languages_and_widths(console, has_data):
    page = console.page
    members = open_shop() if has_data else []
    places = [*PLACES, *(f"/members/{member_id}/" for member_id in members[:1])]
    places += ["/profile/", "/settings/users/", "/settings/users/new/", "/settings/tokens/"]
    # An empty shop is seen once, where least room is left: on the phone, in the language whose words are long.
    languages, widths = (("en", "zh-hans"), ("phone", "laptop")) if has_data else (("en",), ("phone",))
    for language in languages:
        page.set_viewport_size({"width": 1440, "height": 900})
        console.open("/profile/")
        if page.locator("html").get_attribute("lang") != language:
            page.locator(".language-switch button").click()
            expect(page.locator("html")).to_have_attribute("lang", language)
        # Laid out for the phone, then widened: the same page must fit both.
        first, *others = [WIDTHS[name] for name in widths]
        for place in places:
            console.resize(first)
            assert console.open(place).status == 200, place
            expect(page.locator("html")).to_have_attribute("lang", language)
            expect(page.get_by_role("heading", level=1)).to_have_count(1)
            for size in (first, *others):
                console.resize(size)
                assert console.overflow() <= 0, f"{place} is wider than {size[0]} pixels in {language}"
            assert console.problems == [], f"{place} in {language}"


def test_the_menu_unfolds_on_the_phone(console):
    page = console.page
    page.set_viewport_size({"width": 390, "height": 844})
    console.open("/profile/")
    link = page.get_by_role("link", name="Members", exact=True)
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Open the menu").click()
    link.click()
    expect(page).to_have_url(console.address + "/members/")


def test_a_member_is_found_read_unmasked_and_consent_is_withdrawn(console):
    page = console.page
    member_id = open_shop()[0]
    console.open("/")
    box = page.locator(".topbar-search input")
    box.fill("m1@example.com")
    box.press("Enter")
    expect(page).to_have_url(f"{console.address}/members/{member_id}/")
    expect(page.locator(".chart-canvas canvas").first).to_be_visible()
    page.get_by_role("button", name="Orders", exact=True).click()
    expect(page.locator(".timeline-list li").first).to_contain_text("Bought for")
    page.get_by_role("button", name="Consents", exact=True).click()
    expect(page.locator(".timeline-list li")).to_have_count(1)
    expect(page.locator("#identifiers")).not_to_contain_text("m1@example.com")
    page.get_by_role("button", name="Unmask").click()
    page.locator("#confirm-dialog").get_by_role("button", name="Show").click()
    expect(page.locator("#identifiers")).to_contain_text("m1@example.com")
    page.get_by_role("button", name="Withdraw").click()
    page.locator("#confirm-dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Granted").first).to_be_visible()
    page.get_by_role("button", name="Withdraw").click()
    page.locator("#confirm-dialog").get_by_role("button", name="Withdraw").click()
    expect(page.locator(".messages")).to_contain_text("Withdrawn")


def test_the_keyboard_reaches_the_content(console):
    page = console.page
    console.open("/profile/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#content$"))


def test_a_policy_violation_would_be_noticed(console):
    """A guard: the watch that the other tests rely on sees an inline script being refused."""
    with console.page.expect_console_message(lambda message: "Content Security Policy" in message.text):
        console.page.evaluate(
            "() => { const s = document.createElement('script'); s.textContent = '1'; document.body.append(s); }"
        )
    assert any("Content Security Policy" in problem for problem in console.problems)
    console.problems.clear()
