"""Hostile files at the door of imports: each is refused in words, and nothing of it stays on the disk."""

import io
import random
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import polars as pl
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from shuke.apps.connections.models import ImportBatch
from shuke.apps.connections.operations import create_account
from shuke.platform.clock import now
from shuke.platform.permissions import SYSTEM

MEMBERS = "card number,email\nC1,a@example.com\n"
CONTENT_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    'spreadsheetml.sheet.main+xml"/></Types>'
)


@pytest.fixture
def home(db, lake_home, tmp_path, settings):
    settings.SHUKE_HOME = tmp_path
    return tmp_path


@pytest.fixture
def account(home):
    return create_account(
        actor=SYSTEM, at=now(), name="Tills", sales_channel="store", currency="CNY", region="CN"
    )


def archive(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return buffer.getvalue()


def workbook(sheet: bytes, extra: bytes = b"") -> bytes:
    """As little as a spreadsheet program calls a workbook."""
    book = (
        b'<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
        b'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
        b'<sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>'
    )
    links = (
        b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship '
        b'Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
        b'Target="worksheets/sheet1.xml"/></Relationships>'
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("[Content_Types].xml", CONTENT_TYPES)
        file.writestr("xl/workbook.xml", extra + book)
        file.writestr("xl/_rels/workbook.xml.rels", links)
        file.writestr("xl/worksheets/sheet1.xml", extra + sheet)
    return buffer.getvalue()


def bomb() -> bytes:
    """A workbook of 60 MB of blanks in less than 100 kB."""
    return workbook(b"<worksheet>" + b" " * (60 << 20) + b"</worksheet>")


def lying_bomb() -> bytes:
    """The same, whose directory says that it is small."""
    data = bytearray(workbook(b"<worksheet>" + b" " * (60 << 20) + b"</worksheet>"))
    place = data.rfind(b"PK\x01\x02")
    data[place + 24 : place + 28] = struct.pack("<I", 1000)
    return bytes(data)


def laughs() -> bytes:
    entities = "".join(f'<!ENTITY l{n} "{("&l" + str(n - 1) + ";") * 10}">' for n in range(1, 10))
    head = f'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY l0 "ha">{entities}]>'.encode()
    return workbook(
        b"<worksheet><sheetData><row><c t='str'><v>&l9;</v></c></row></sheetData></worksheet>", head
    )


def outside_entity() -> bytes:
    head = b'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    sheet = b"<worksheet><sheetData><row><c t='str'><v>&x;</v></c></row></sheetData></worksheet>"
    return workbook(sheet, head)


def parquet_bomb() -> bytes:
    """A billion equal cells, packed into a few kilobytes."""
    buffer = io.BytesIO()
    frame = pl.DataFrame({f"c{n}": pl.repeat("x" * 100, 200_000, eager=True) for n in range(2)})
    frame.write_parquet(buffer, compression="zstd", row_group_size=200_000)
    return buffer.getvalue().replace(b"PAR1", b"PAR0", 1)


HOSTILE = {
    "nothing": b"",
    "only blanks": b" \n\n \n",
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(500),
    "a program": b"\x7fELF" + bytes(500),
    "a PDF": b"%PDF-1.7\n",
    "noise": random.Random(7).randbytes(20_000),
    "NUL bytes": b"card number,email\nC1\x00,a@example.com\n",
    "an archive": archive(a_txt=b"x"),
    "an archive with a way out": archive(**{"..__..__etc__passwd": b"x"}),
    "a cut workbook": workbook(b"<worksheet/>")[:200],
    "a bomb": bomb,
    "a bomb that lies": lying_bomb,
    "a billion laughs": laughs,
    "somebody else's file": outside_entity,
    "a broken parquet": b"PAR1" + bytes(300) + b"PAR1",
    "a damaged parquet": parquet_bomb,
    "gzip": zlib.compress(b"card number\nC1\n" * 1000, 9, 31)
    if hasattr(zlib, "compressobj")
    else b"\x1f\x8b",
    "HTML": b"<!doctype html><html><table><tr><td>card number</td></tr></table></html>",
    "JSON": b"[" * 100_000,
    "one endless cell": b"card number,email\n" + b"x" * (20 << 20) + b",a@example.com\n",
    "one endless quote": b'card number,email\n"' + b"x,\n" * 200_000,
    "a hundred thousand columns": b",".join(b"c%d" % n for n in range(100_000)) + b"\n1\n",
    "two columns of one name": b"card number,card number\n1,2\n",
    "UTF-16 without a mark": MEMBERS.encode("utf-16-le"),
    "half a character": MEMBERS.encode() + b"\xe5\xbc,\n",
}


def stored() -> list[Path]:
    folder = Path(settings.SHUKE_HOME) / "uploads"
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_or_quarantined_and_never_a_fault(account, client_of, name):
    """Refused at the door with a sentence (then nothing is kept), or read as the table it is."""
    content = HOSTILE[name]
    data = content() if callable(content) else content
    client = client_of("marketer")
    form = {"file": SimpleUploadedFile("list.csv", data), "kind": "members", "account": account.id}
    tracemalloc.start()
    answer = client.post("/imports/new/", form)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 400 << 20, f"{name} took {peak >> 20} MiB"
    if answer.status_code == 422:
        assert "alert-danger" in answer.text or "errorlist" in answer.text
        assert (ImportBatch.objects.count(), stored()) == (0, [])
    else:
        assert answer.status_code == 302, name
        batch = ImportBatch.objects.get()
        assert client.post(f"/imports/{batch.public_id}/check/").status_code in {302, 409, 422}
        assert client.get(f"/imports/{batch.public_id}/").status_code == 200
        assert client.get(f"/imports/{batch.public_id}/rejected/").status_code == 200


@pytest.mark.parametrize("name", ["a PDF", "an archive with a way out", "a bomb"])
def test_the_api_says_why(account, client, bearer, name):
    content = HOSTILE[name]
    data = content() if callable(content) else content
    form = {"file": SimpleUploadedFile("list.csv", data), "kind": "members", "account": account.id}
    answer = client.post("/api/v1/imports", form, headers=bearer)
    assert answer.status_code == 422, (name, answer.text[:300])
    assert set(answer.json()) >= {"code", "message"}
    assert len(answer.json()["message"]) > 15
    assert (ImportBatch.objects.count(), stored()) == (0, [])


NAMES = (
    "../../../etc/cron.d/x.csv", "..\\..\\windows\\x.csv", "/etc/passwd", "C:\\x.csv", "a\x00.csv",
    "a\r\nSet-Cookie: x=1.csv",
    '"; filename="evil.exe', "x" * 3000 + ".csv", "\u202evsc.exe", "<script>alert(1)</script>.csv", ".", "..", "",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_files_name_leads_nowhere(account, client_of, home, name):
    """Whatever a file is called, it lies under a name of ours, and its own is shown as text."""
    before = {path for path in home.rglob("*") if path.is_file()}
    client = client_of("marketer")
    upload = SimpleUploadedFile("list.csv", MEMBERS.encode())
    upload._name = name  # The public setter cleans it; an attacker's browser does not.
    answer = client.post("/imports/new/", {"file": upload, "kind": "members", "account": account.id})
    assert answer.status_code in {302, 400, 422}
    added = {path for path in home.rglob("*") if path.is_file()} - before
    assert all("uploads" in path.parts or "lake" in path.parts or "locks" in path.parts for path in added), (
        added
    )
    for batch in ImportBatch.objects.all():
        assert batch.stored_name == batch.public_id
        assert not {"/", "\\", "\x00", "\r", "\n"} & set(batch.file_name)
        page = client.get(f"/imports/{batch.public_id}/")
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        rejected = client.get(f"/imports/{batch.public_id}/rejected.csv")
        assert "\n" not in rejected.headers.get("Content-Disposition", "")


def test_formulas_in_rejected_rows_come_back_as_text(account, client_of):
    """A row that is put aside keeps what it said, and a spreadsheet that opens the list runs nothing."""
    cells = ("=cmd|' /C calc'!A0", "@SUM(1+1)*cmd", "+1+cmd", "-2+3+cmd", "＝1+1")
    rows = "".join(f'"{cell}",not-an-address\n' for cell in cells)
    client = client_of("administrator")
    form = {"file": SimpleUploadedFile("list.csv", f"card number,email\n{rows}".encode()), "kind": "members"}
    answer = client.post("/imports/new/", form | {"account": account.id})
    assert answer.status_code == 302, answer.text
    batch = ImportBatch.objects.get()
    client.post(f"/imports/{batch.public_id}/run/")
    text = client.get(f"/imports/{batch.public_id}/rejected.csv").content.decode("utf-8-sig")
    for line in text.splitlines():
        for cell in line.split(","):
            assert not cell.strip('"').startswith(("=", "@", "+1+", "-2+", "＝")), line
    page = client.get(f"/imports/{batch.public_id}/rejected/")
    assert page.status_code == 200
