"""In which encoding a text file is written."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from shuke.sources.files.errors import UnreadableFileError

#: Encodings that may be named in a profile; ``auto`` tries the first three.
ENCODINGS = ("utf-8", "utf-16", "gb18030", "big5", "windows-1252", "shift_jis")
BLOCK = 1 << 20
SAMPLE = 1 << 16

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"SQLite format 3", "a SQLite database"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"RIFF", "a media file"),
)
_HAN_OR_WIDE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef\u2010-\u2027]")
_WRITTEN = re.compile(
    r"[\t\n\r\x20-\x7e\u00a0-\u024f\u2010-\u2027\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff00-\uffef]"
)
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def refuse_foreign(head: bytes) -> None:
    """Refuse what is certainly no table: an image renamed to .csv, a PDF, an archive."""
    for signature, what in _SIGNATURES:
        if head.startswith(signature):
            raise UnreadableFileError(
                "not_a_table",
                "This is {what}, not a table. Export the data as CSV, Excel or Parquet.",
                what=what,
            )


def detect_encoding(path: Path) -> str:
    """``utf-8``, ``utf-8-sig``, ``utf-16``, ``utf-16-le``, ``utf-16-be`` or ``gb18030``.

    Raises ``UnreadableFileError`` for binary content and for text in none of them.
    """
    with path.open("rb") as file:
        head = file.read(SAMPLE)
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    wide = _wide_encoding(head)
    if wide:
        return wide
    _refuse_binary(head)
    if _decodes(path, "utf-8"):
        return "utf-8"
    if _decodes(path, "gb18030") and _reads_as_chinese(head):
        return "gb18030"
    raise UnreadableFileError(
        "unknown_encoding",
        "The text is in no encoding that can be told with certainty. Choose the encoding in the "
        "mapping ({encodings}), or save the file again as UTF-8.",
        encodings=", ".join(ENCODINGS),
    )


def _wide_encoding(head: bytes) -> str | None:
    """UTF-16 without its mark: what it decodes to has line ends and hardly a character that nobody writes."""
    if b"\x00" not in head:
        return None
    whole = head[: len(head) // 2 * 2]
    for encoding in ("utf-16-le", "utf-16-be"):
        text = whole.decode(encoding, "replace")
        if "\n" in text and len(_WRITTEN.findall(text)) >= 0.95 * len(text):
            return encoding
    return None


def _refuse_binary(head: bytes) -> None:
    odd = sum(head.count(bytes([code])) for code in range(32) if code not in {9, 10, 12, 13, 26})
    if head and odd > max(8, len(head) // 100):
        raise UnreadableFileError(
            "not_a_table", "This file holds binary data, not text. Export the data as CSV, Excel or Parquet."
        )


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    with path.open("rb") as file:
        try:
            while block := file.read(BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _reads_as_chinese(head: bytes) -> bool:
    """GB18030 accepts nearly any bytes, so the result must look like Chinese, not like chance."""
    text = head.decode("gb18030", "ignore")
    strange = _NOT_ASCII.findall(text)
    if not strange:
        return True
    return len(_HAN_OR_WIDE.findall(text)) >= 0.8 * len(strange)


def transcode(path: Path, encoding: str, *, target: Path) -> None:
    """Write the file as UTF-8 to ``target``.  Raises ``UnreadableFileError`` where it does not decode."""
    try:
        with (
            path.open("r", encoding=encoding, newline="") as source,
            target.open("w", encoding="utf-8", newline="") as sink,
        ):
            while block := source.read(BLOCK):
                sink.write(block)
    except (UnicodeError, LookupError) as error:
        raise UnreadableFileError(
            "wrong_encoding",
            "The text is not written in {encoding}. Choose another encoding in the mapping, or save "
            "the file again as UTF-8.",
            encoding=encoding,
        ) from error
