"""What can be said of the web snippet without a browser; ``tests/systems/sdks/test_browsers.py`` runs it in one."""

import gzip
import re
from pathlib import Path

import pytest

import shuke.apps.collector as collector
from shuke.apps.collector.pages.installing import PLACEHOLDER, guides

SNIPPET = Path(collector.__file__).parent / "static" / "collector" / "shuke.js"
MOST_BYTES = 5 * 1024


def faults(source: str) -> list[str]:
    """What a snippet for other people's pages must not do."""
    code = re.sub(r"/\*.*?\*/|(?<![:\"'])//[^\n]*", "", source, flags=re.DOTALL)
    banned = {
        "a cookie": r"document\.cookie|cookieStore",
        "code from text": r"\beval\b|new Function|document\.write|innerHTML|insertAdjacentHTML",
        "an address of its own": r"https?://",
        "a lasting mark elsewhere": r"indexedDB|sessionStorage|caches\.|serviceWorker",
        "a fingerprint": r"canvas|getBattery|plugins|fonts|deviceMemory|hardwareConcurrency",
        "credentials": r"credentials:\s*[\"'](?:include|same-origin)",
    }
    found = [name for name, pattern in banned.items() if re.search(pattern, code)]
    return found + (["too large"] if len(gzip.compress(source.encode(), 9, mtime=0)) > MOST_BYTES else [])


def test_the_snippet_is_small_and_leaves_no_marks():
    assert faults(SNIPPET.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("document.cookie = 'a=1';", "a cookie"),
        ("eval('1');", "code from text"),
        ("fetch('https://elsewhere.example');", "an address of its own"),
        ("fetch(a, {credentials: 'include'});", "credentials"),
        (
            f"var a = '{bytes(range(256)).hex() * 40}';" + "".join(chr(0x4E00 + n) for n in range(4000)),
            "too large",
        ),
    ],
    ids=lambda value: str(value)[:20],
)
def test_the_watch_would_notice(line, fault):
    assert fault in faults(SNIPPET.read_text(encoding="utf-8") + line)


@pytest.mark.parametrize("kind", ["web", "server", "mobile"])
def test_code_to_copy_is_filled_in_and_of_the_right_kind_first(kind):
    shown = guides(kind=kind, url="https://collect.example.com", key="")
    assert shown[0].kind == kind
    for guide in shown:
        assert "https://collect.example.com" in guide.code
        assert PLACEHOLDER in guide.code
        assert "{{" not in guide.code
    assert len({guide.id for guide in shown}) == len(shown) == 7
