"""Code 128 and QR codes as paths of one SVG unit per module; the libraries draw the modules."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

# It tells at every start that it could draw bitmaps if there were Pillow; nobody needs to know.
logging.getLogger("pyBarcode").setLevel(logging.WARNING)

import barcode  # noqa: E402
import segno  # noqa: E402

#: Empty modules that scanners need at either side (ISO/IEC 15417: 10; ISO/IEC 18004: 4).
QUIET_BARS, QUIET_QR = 10, 4


@dataclass(frozen=True)
class Drawing:
    """A drawing of ``width`` × ``height`` units; ``path`` is the data of one SVG path, to be filled black."""

    width: int
    height: int
    path: str


def code128(text: str, *, height: int = 40) -> Drawing:
    """The bars of an ASCII text, with their quiet zones.  Raises ``ValueError`` for other characters."""
    if not text or not text.isascii() or not text.isprintable():
        raise ValueError("Code 128 holds printable ASCII only.")
    modules = barcode.get("code128", text).build()[0]
    bars = "".join(f"M{QUIET_BARS + x} 0h{length}v{height}h-{length}z" for x, length in _runs(modules))
    return Drawing(len(modules) + 2 * QUIET_BARS, height, bars)


def qr_code(text: str) -> Drawing:
    """A QR code of error level M, with its quiet zone."""
    rows = segno.make(text, error="m", micro=False, boost_error=False).matrix
    squares = "".join(
        f"M{QUIET_QR + x} {QUIET_QR + y}h{length}v1h-{length}z"
        for y, row in enumerate(rows)
        for x, length in _runs(row)
    )
    side = len(rows) + 2 * QUIET_QR
    return Drawing(side, side, squares)


def _runs(modules: Iterable[object]) -> Iterator[tuple[int, int]]:
    """Start and length of every run of dark modules."""
    position = 0
    for is_dark, run in groupby(modules, key=lambda module: module in ("1", 1, True)):
        length = len(list(run))
        if is_dark:
            yield position, length
        position += length
