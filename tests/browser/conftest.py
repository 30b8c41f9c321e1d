"""A real Chromium against a real server.  Any CSP violation, console error or failed request fails the test.

Tests get ``console``: a signed-in administrator's browser window.

    def test_it(console):
        console.open("/members/")
        expect(console.page.get_by_role("heading", level=1)).to_have_text("Members")
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Page, Response, expect

from shuke.platform.accounts.operations import create_user
from shuke.platform.clock import now
from shuke.platform.permissions import SYSTEM

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
PASSWORD = "correct horse 9"
WIDTHS = {"laptop": (1440, 900), "phone": (390, 844)}
# Playwright's synchronous API runs an event loop in this thread, which Django takes for an async context.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
# What is expected may take its time on a busy machine; a page that never shows it fails all the same.
expect.set_options(timeout=60_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is a browser test; without Chromium it is skipped with the reason."""
    here = Path(__file__).parent
    missing = not Path(CHROMIUM).exists()
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if missing:
                item.add_marker(pytest.mark.skip(reason=f"There is no Chromium at {CHROMIUM}."))


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """English, a laptop, and a clock that agrees with the retailer's."""
    width, height = WIDTHS["laptop"]
    return browser_context_args | {
        "locale": "en-US",
        "viewport": {"width": width, "height": height},
        "timezone_id": "UTC",
        "reduced_motion": "reduce",
    }


class Console:
    """A window of the console that remembers everything that went wrong in it."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.problems: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.problems.append(f"{page.url}: {error}"))
        page.on("response", self._answered)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.problems.append(f"{self.page.url}: {message.text}")

    def _answered(self, response: Response) -> None:
        if response.status >= 500:
            self.problems.append(f"{response.url}: {response.status}")

    def open(self, path: str) -> Response:
        """Go to a page and wait until it is quiet."""
        response = self.page.goto(self.address + path)
        self.page.wait_for_load_state("networkidle")
        assert response is not None
        return response

    def resize(self, size: tuple[int, int]) -> None:
        """Make the window so wide and high, and let the page lay itself out anew."""
        if self.page.viewport_size != {"width": size[0], "height": size[1]}:
            self.page.set_viewport_size({"width": size[0], "height": size[1]})
            # Two frames: charts follow their containers in the one after the resize.
            self.page.evaluate(
                "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
            )

    def sign_in(self, username: str = "anna", password: str = PASSWORD) -> None:
        """Fill the form."""
        self.open("/sign-in/")
        self.page.get_by_label("User name").fill(username)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(lambda url: "/sign-in/" not in url)
        self.page.wait_for_load_state("networkidle")

    def overflow(self) -> int:
        """How many pixels the page is wider than the window."""
        return int(
            self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        )


@pytest.fixture
def window(page: Page, live_server: Any, lake_home: Path) -> Iterator[Console]:
    """A window in which nobody is signed in, beside an empty lake."""
    page.set_default_timeout(90_000)
    opened = Console(page, live_server.url)
    yield opened
    page.goto("about:blank")
    assert opened.problems == []


@pytest.fixture
def console(window: Console) -> Console:
    """A window in which the administrator anna is signed in."""
    create_user(
        actor=SYSTEM,
        at=now(),
        username="anna",
        password=PASSWORD,
        role="administrator",
        display_name="Anna",
    )
    window.sign_in()
    return window
