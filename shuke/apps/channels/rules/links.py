"""Links in messages: tracked ones for clicks, a pixel for opens, and the way out."""

import html as html_library
import re
from collections.abc import Callable
from html.parser import HTMLParser

_ANCHOR = re.compile(r"(<a\b[^>]*?\shref\s*=\s*)(\"|')(https?://[^\"']+)\2", re.IGNORECASE)
_BARE = re.compile(r"https?://[^\s<>\"']+")
_PIXEL = re.compile(r"<img\b[^>]*?/t/o/[^>]*>", re.IGNORECASE)
_BODY_END = re.compile(r"</body\s*>", re.IGNORECASE)
URL_CHARS = 2_000
_BLOCKS = frozenset({"p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "table", "ul", "ol", "hr"})


def track_html(body: str, *, tracked: Callable[[str], str]) -> str:
    """The body with each http(s) link of an anchor replaced by ``tracked(link)``."""

    def replaced(match: re.Match[str]) -> str:
        url = html_library.unescape(match[3])
        if len(url) > URL_CHARS:
            return match[0]
        return f"{match[1]}{match[2]}{html_library.escape(tracked(url))}{match[2]}"

    return _ANCHOR.sub(replaced, body)


def track_text(body: str, *, tracked: Callable[[str], str]) -> str:
    """The text with each bare http(s) link replaced; a full stop that ends a sentence is no part of it."""

    def replaced(match: re.Match[str]) -> str:
        url = match[0].rstrip(".,;:!?)。，；！？）")
        if len(url) > URL_CHARS:
            return match[0]
        return tracked(url) + match[0][len(url) :]

    return _BARE.sub(replaced, body)


def _before_body_end(body: str, addition: str) -> str:
    ends = list(_BODY_END.finditer(body))
    position = ends[-1].start() if ends else len(body)
    return body[:position] + addition + body[position:]


def with_pixel(body: str, url: str) -> str:
    """The body with an invisible image whose loading tells of an open."""
    return _before_body_end(
        body, f'<img src="{html_library.escape(url)}" width="1" height="1" alt="" style="display:none">'
    )


def without_pixel(body: str) -> str:
    """The body for our own eyes: looking at a sent message must not count as an open."""
    return _PIXEL.sub("", body)


def with_way_out(text: str, html: str, *, url: str, label: str) -> tuple[str, str]:
    """Both parts with a link to unsubscribe at the end, unless the template placed it itself."""
    if url not in text:
        text = f"{text.rstrip()}\n\n--\n{label}: {url}\n"
    if html.strip() and html_library.escape(url) not in html and url not in html:
        link = f'<a href="{html_library.escape(url)}" style="color:#6c757d">{html_library.escape(label)}</a>'
        html = _before_body_end(
            html, f'<p style="margin-top:2em;font-size:12px;color:#6c757d;text-align:center">{link}</p>'
        )
    return text, html


class _TextOf(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.hidden = 0
        self.href = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"style", "script", "head"}:
            self.hidden += 1
        elif tag in _BLOCKS:
            self.pieces.append("\n")
        elif tag == "a":
            self.href = dict(attrs).get("href") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag in {"style", "script", "head"}:
            self.hidden = max(0, self.hidden - 1)
        elif tag in _BLOCKS:
            self.pieces.append("\n")
        elif tag == "a" and self.href.startswith("http"):
            self.pieces.append(f" ({self.href})")
            self.href = ""

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.pieces.append(re.sub(r"\s+", " ", data))


def plain_text(body: str) -> str:
    """The words of an HTML body with its links behind them, for readers without HTML."""
    parser = _TextOf()
    parser.feed(body)
    parser.close()
    lines = [line.strip() for line in "".join(parser.pieces).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
