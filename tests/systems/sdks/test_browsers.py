"""Segment's browser SDK and our own snippet in Chromium, on a shop of another origin than the collector."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect

import shuke.apps.collector
from tests.systems.sdks.conftest import House, wait_for
from tests.systems.sdks.pages import shop

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="There is no Chromium here."),
]
POLICY = "script-src {url} 'unsafe-inline'; connect-src {url}; default-src 'none'"
SNIPPET = f"""<!doctype html><title>Shop</title><meta http-equiv="Content-Security-Policy" content="{POLICY}">
<script async src="{{url}}/shuke.js" data-write-key="{{key}}"{{attributes}}></script><h1>Tea</h1>"""
AJS = """<!doctype html><title>Shop</title><script src="/index.js"></script><h1>Tea</h1>"""
SCRIPT = Path(shuke.apps.collector.__file__).parent / "static" / "collector" / "shuke.js"
# Playwright runs an event loop in this thread, which Django takes for an async context.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
GPC = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true});"


@pytest.fixture
def context(browser: Any) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai")
    yield context
    context.close()


class Visit:
    """A page that remembers what it sent where and what went wrong in it."""

    def __init__(self, context: BrowserContext) -> None:
        self.page: Page = context.new_page()
        self.context = context
        self.sent: list[dict[str, Any]] = []
        self.hosts: set[str] = set()
        self.problems: list[str] = []
        self.page.on("request", self._asked)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", self._heard)

    def _heard(self, message: Any) -> None:
        if message.type == "error" and "favicon" not in message.location.get("url", ""):
            self.problems.append(message.text)

    def _asked(self, request: Request) -> None:
        self.hosts.add(request.url.split("/")[2])
        if request.method == "POST":
            body = json.loads(request.post_data or "{}")
            self.sent += body.get("batch", [body])

    def open(self, url: str) -> None:
        self.page.goto(url)
        self.page.wait_for_function("window.shuke && window.shuke.version")

    def stored(self) -> dict[str, str]:
        return dict(self.page.evaluate("({...localStorage})"))

    def names(self) -> list[str]:
        return [event.get("event") or event["type"] for event in self.sent]

    def wait(self, name: str) -> None:
        wait_until(lambda: name in self.names(), self.page, f"{name} was not sent; {self.names()}")

    def rest(self) -> None:
        """Longer than the snippet waits before it sends."""
        self.page.wait_for_timeout(1500)


def wait_until(condition: Callable[[], bool], page: Page, what: str) -> None:
    """Like ``wait_for``, letting the browser's events through."""

    def looked() -> bool:
        page.wait_for_timeout(50)
        return condition()

    wait_for(looked, what)


@pytest.fixture
def visit(context: BrowserContext) -> Iterator[Visit]:
    visit = Visit(context)
    yield visit
    assert visit.problems == []


def snippet_page(house: House, source: str = "snippet", attributes: str = "") -> str:
    return SNIPPET.format(url=house.url, key=house.keys[source][1], attributes=attributes)


def names_by_device(house: House, source: str) -> set[tuple[str, str]]:
    return {(row["name"], row["anonymous_id"]) for row in house.rows(source)}


# --- Segment's own ---


@pytest.mark.parametrize("strategy", ["standard", "batching"])
def test_analytics_next(house: House, modules: Path, visit: Visit, strategy: str) -> None:
    """One line sets it up: the collector is its CDN too.  Nothing is told to Segment's hosts."""
    source, key = house.keys["analytics-next" if strategy == "standard" else "analytics-next-batching"]
    delivery = (
        {"strategy": "batching", "config": {"size": 3, "timeout": 300}} if strategy == "batching" else {}
    )
    options = {"integrations": {"Segment.io": {"deliveryStrategy": delivery}}} if delivery else {}
    page, folder = visit.page, modules / "@segment" / "analytics-next" / "dist" / "umd"
    with shop({"/": AJS}, folder) as address:
        page.goto(address)
        page.evaluate(
            """async ([writeKey, cdnURL, options]) => {
                window.ajs = window.AnalyticsNext.AnalyticsBrowser.load({ writeKey, cdnURL }, options);
                await window.ajs.ready();
            }""",
            [key, house.url, options],
        )
        ids = page.evaluate(
            """async () => {
                const said = [
                    await ajs.page("Home", { section: "tea" }),
                    await ajs.track("Product Added", { price: 12.5, title: "冰淇淋 🍦" }),
                    await ajs.identify("ajs-user", { email: "ajs@example.com", plan: "gold" }),
                    await ajs.track("Order Completed", { order_id: "A-1" }),
                    await ajs.group("company-1", { employees: 12 }),
                    await ajs.screen("Basket"),
                    await ajs.alias("ajs-user-2", "ajs-user"),
                ];
                return said.map((context) => context.event.messageId);
            }"""
        )
        wait_until(lambda: {e["messageId"] for e in visit.sent} >= set(ids), page, "the SDK did not send")
        rows = house.arrived(source, set(ids))
    assert set(rows) == set(ids)
    types = [rows[mid]["type"] for mid in ids]
    assert types == ["page", "track", "identify", "track", "group", "screen", "alias"]
    assert json.loads(rows[ids[1]]["properties"]) == {"price": 12.5, "title": "冰淇淋 🍦"}
    assert len({rows[mid]["anonymous_id"] for mid in ids[:4]}) == 1
    assert "ajs@example.com" not in json.dumps(list(rows.values()), default=str)
    assert all(host.startswith(("127.0.0.1:", "localhost:")) for host in visit.hosts), visit.hosts


# --- ours ---


def test_nothing_is_stored_or_sent_before_yes_and_all_of_it_after(house: House, visit: Visit) -> None:
    source = house.keys["snippet"][0]
    with shop({"/tea": snippet_page(house), "/next": snippet_page(house)}) as address:
        visit.open(f"{address}/tea?utm_source=letter&email=ann%40example.com&token=secret")
        visit.page.evaluate("shuke.track('Product Viewed', {product_id: '4711'})")
        visit.rest()
        assert (visit.sent, visit.stored(), visit.context.cookies()) == ([], {}, [])
        visit.page.evaluate("shuke.consent(true, {text: 'We remember', version: '3'})")
        visit.page.evaluate("shuke.identify('snippet-user', {email: 'snippet@example.com'})")
        visit.wait("identify")
        visit.page.evaluate("shuke.track('Left', {})")
        # The page is left at once: the last event is carried over by the browser.
        visit.open(f"{address}/next")
        wait_until(lambda: visit.names().count("page") == 2, visit.page, "the second page was not told")
        rows = house.arrived(source, {event["messageId"] for event in visit.sent})
        # Playwright does not tell of requests of a page that is gone; the lake does.
        device = next(iter(rows.values()))["anonymous_id"]
        wait_for(lambda: ("Left", device) in names_by_device(house, source), "what was said last is missing")
    first = rows[visit.sent[0]["messageId"]]
    assert first["type"] == "page"
    context = json.loads(first["context"])
    assert context["page"]["url"].endswith("/tea?utm_source=letter")
    assert context["campaign"] == {"source": "letter"}
    told = json.dumps([visit.sent, list(rows.values())], default=str)
    assert "secret" not in told
    assert "ann%40" not in told
    assert len({row["anonymous_id"] for row in rows.values()}) == 1
    answer = next(event for event in visit.sent if event.get("event") == "Consent Preference Updated")
    assert answer["properties"]["preferences"] == {"analytics": True, "advertising": True}
    assert answer["properties"]["text"] == "We remember"
    assert visit.context.cookies() == []
    assert {host.split(":")[0] for host in visit.hosts} <= {"127.0.0.1", "localhost"}


def test_a_no_keeps_the_no_alone_and_ends_everything(house: House, visit: Visit) -> None:
    with shop({"/": snippet_page(house)}) as address:
        visit.open(address)
        visit.page.evaluate("shuke.consent(false)")
        visit.page.evaluate("shuke.track('Never', {})")
        visit.rest()
        assert visit.sent == []
        assert json.loads(visit.stored()["shuke"]) == {"consent": {"analytics": False, "advertising": False}}
        assert set(visit.stored()) == {"shuke"}


def test_a_withdrawal_is_the_last_that_is_told_and_arrives_even_late(house: House, visit: Visit) -> None:
    source = house.keys["snippet"][0]
    with shop({"/": snippet_page(house)}) as address:
        visit.open(address)
        visit.page.evaluate("shuke.consent(true)")
        visit.wait("Consent Preference Updated")
        device = visit.sent[0]["anonymousId"]
        # Offline just when the visitor withdraws: it waits for the next page, and only it.
        visit.context.set_offline(True)
        visit.page.evaluate("shuke.track('Unsaid', {}); shuke.consent(false); shuke.track('Never', {})")
        visit.rest()
        visit.context.set_offline(False)
        visit.problems.clear()
        visit.sent.clear()
        visit.open(address)
        visit.wait("Consent Preference Updated")
        last = visit.sent[-1]
        assert visit.names() == ["Consent Preference Updated"]
        assert last["anonymousId"] == device
        assert last["properties"]["preferences"] == {"analytics": False, "advertising": False}
        house.arrived(source, {last["messageId"]})
        wait_until(lambda: set(visit.stored()) == {"shuke"}, visit.page, "the withdrawal is still kept")
        assert "identity" not in json.loads(visit.stored()["shuke"])


@pytest.mark.parametrize("attributes", ["", ' data-consent="implied"'], ids=["required", "implied"])
def test_global_privacy_control_is_a_no_until_an_explicit_yes(
    house: House, visit: Visit, attributes: str
) -> None:
    visit.context.add_init_script(GPC)
    with shop({"/": snippet_page(house, attributes=attributes)}) as address:
        visit.open(address)
        visit.page.evaluate("shuke.track('Never', {})")
        visit.rest()
        assert (visit.sent, visit.stored()) == ([], {})
        visit.page.evaluate("shuke.consent(true)")
        visit.wait("Consent Preference Updated")
        answer = visit.sent[-1]
        # The signal rules advertising out whatever the banner passes on.
        assert answer["properties"]["preferences"] == {"analytics": True, "advertising": False}
        assert answer["context"]["consent"]["gpc"] is True


def test_implied_consent_begins_at_once_and_ends_with_a_no(house: House, visit: Visit) -> None:
    with shop({"/": snippet_page(house, attributes=' data-consent="implied"')}) as address:
        visit.open(address)
        visit.wait("page")
        visit.page.evaluate("shuke.consent(false)")
        visit.wait("Consent Preference Updated")
        visit.sent.clear()
        visit.open(address)
        visit.page.evaluate("shuke.track('Never', {})")
        visit.rest()
        assert visit.sent == []


def test_reset_makes_a_stranger(house: House, visit: Visit) -> None:
    with shop({"/": snippet_page(house)}) as address:
        visit.open(address)
        visit.page.evaluate("shuke.consent(true); shuke.identify('first'); shuke.track('Mine')")
        visit.page.evaluate("shuke.reset(); shuke.track('Theirs')")
        visit.wait("Theirs")
    mine, theirs = (next(e for e in visit.sent if e.get("event") == name) for name in ("Mine", "Theirs"))
    assert mine["userId"] == "first"
    assert "userId" not in theirs
    assert mine["anonymousId"] != theirs["anonymousId"]


def test_calls_made_before_it_loads_and_pages_drawn_without_loading(house: House, visit: Visit) -> None:
    early = "<script>(window.shuke = window.shuke || []).push(['track', 'Early', {n: 1}]);</script>"
    page = snippet_page(house).replace("<script async", early + "<script async")
    with shop({"/": page}) as address:
        visit.open(address)
        visit.page.evaluate("shuke.consent({analytics: true})")
        visit.page.evaluate("history.pushState({}, '', '/basket?name=Ann')")
        wait_until(lambda: visit.names().count("page") == 2, visit.page, "the drawn page was not told")
        assert "Early" in visit.names()
        drawn = [event for event in visit.sent if event["type"] == "page"][-1]
        assert drawn["properties"]["path"] == "/basket"
        assert "Ann" not in json.dumps(drawn)


def test_while_the_collector_is_away_events_wait_on_the_page_and_on_the_next(
    house: House, visit: Visit
) -> None:
    source = house.keys["snippet"][0]
    refuse = [True]

    def answer(route: Any) -> None:
        if refuse[0]:
            route.fulfill(status=503, headers={"Access-Control-Allow-Origin": "*"}, body="{}")
        else:
            route.continue_()

    with shop({"/": snippet_page(house)}) as address:
        visit.page.route("**/v1/b", answer)
        visit.open(address)
        visit.page.evaluate("shuke.consent(true); shuke.track('Patient')")
        visit.wait("Patient")
        visit.page.wait_for_timeout(300)
        visit.open(address)
        kept = {event["messageId"] for event in visit.sent}
        refuse[0] = False
        house_rows = house.arrived  # The browser must be let run while the lake is asked.
        wait_until(lambda: _has(house, source, kept), visit.page, "what waited never arrived")
        house_rows(source, kept)
    visit.problems.clear()


def _has(house: House, source: str, ids: set[str]) -> bool:
    return ids <= {row["message_id"] for row in house.rows(source)}


#: What a careless change could break, and the promise that it would break.
SABOTAGE = {
    "tracks without an answer": (
        "return consent ? consent.analytics : given.consent",
        "return true || given.consent",
    ),
    "stores without an answer": ("if (mayTrack()) write(STORE", "write(STORE"),
    "sends without asking": ("if (!mayTrack() || !waiting.length ||", "if (!waiting.length ||"),
    "deaf to the signal": ('given.consent === "implied" && !gpc', 'given.consent === "implied"'),
}


@pytest.mark.parametrize("name", sorted(SABOTAGE))
def test_a_snippet_that_breaks_its_promise_is_noticed(house: House, visit: Visit, name: str) -> None:
    """The silence that the tests above rely on is heard: each of these snippets sends or stores."""
    right, wrong = SABOTAGE[name]
    script = SCRIPT.read_text(encoding="utf-8")
    assert script.count(right) == 1
    changed = script.replace(right, wrong)
    if name == "sends without asking":
        changed = changed.replace("if (mayTrack()) schedule(FLUSH_MS);", "schedule(FLUSH_MS);")
    visit.page.route("**/shuke.js", lambda route: route.fulfill(content_type="text/javascript", body=changed))
    visit.context.add_init_script(GPC)
    attributes = ' data-consent="implied"' if name == "deaf to the signal" else ""
    with shop({"/": snippet_page(house, "snippet-public", attributes)}) as address:
        visit.open(address)
        visit.page.evaluate("shuke.track('Never', {})")
        wait_until(
            lambda: bool(visit.sent or visit.stored()), visit.page, "the broken promise went unnoticed"
        )


def test_a_refused_key_is_let_go_and_breaks_no_page(house: House, visit: Visit) -> None:
    page = SNIPPET.format(url=house.url, key="wk_wrong", attributes="")
    with shop({"/": page}) as address:
        visit.open(address)
        visit.page.evaluate("shuke.consent(true)")
        visit.wait("Consent Preference Updated")
        visit.rest()
        before = len(visit.sent)
        visit.page.wait_for_timeout(3000)
        assert len(visit.sent) == before, "it sends again and again what is refused for good"
        expect(visit.page.get_by_role("heading")).to_have_text("Tea")
    assert all("401" in problem for problem in visit.problems)
    visit.problems.clear()
