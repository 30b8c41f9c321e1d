"""Files are told by their content, and what is no table is refused with the reason."""

import csv
import io
import zipfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.sources.files.encoding import detect_encoding
from shuke.sources.files.errors import UnreadableFileError
from shuke.sources.files.exporting import csv_lines, harmless
from shuke.sources.files.reading import ROW_NO, detect_separator, read_file

ROWS = [["订单号", "姓名", "金额"], ["A1", "王小明", "12.50"], ["A2", "李雷", "3"]]


def write_csv(path: Path, rows: list[list[str]], *, encoding: str = "utf-8", separator: str = ",") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=separator).writerows(rows)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_encodings_and_separators_are_found(tmp_path, encoding, separator):
    source = read_file(write_csv(tmp_path / "a.csv", ROWS, encoding=encoding, separator=separator))
    assert list(source.headers) == ROWS[0]
    assert source.column("姓名").to_list() == ["王小明", "李雷"]
    assert source.separator == separator


def test_a_workbook_gives_the_same_cells_as_a_csv(tmp_path):
    import openpyxl

    book = openpyxl.Workbook()
    for row in [[], *ROWS]:
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    source = read_file(tmp_path / "a.xlsx")
    assert source.format == "excel"
    assert list(source.headers) == ROWS[0]
    assert source.column("订单号").to_list() == ["A1", "A2"]


def test_parquet_keeps_its_types(tmp_path):
    pl.DataFrame({"id": [1, 2], "price": [1.5, None]}).write_parquet(tmp_path / "a.parquet")
    source = read_file(tmp_path / "a.parquet")
    assert source.column("id").dtype == pl.Int64
    assert source.frame[ROW_NO].to_list() == [1, 2]


@pytest.mark.parametrize("quoted", [True, False])
def test_torn_rows_are_named_and_their_neighbours_kept(tmp_path, quoted):
    first = '"x"' if quoted else "x"
    (tmp_path / "a.csv").write_text(f"a,b,c\n{first},1,2\nshort,1\nlong,1,2,3\ny,3,4\n")
    source = read_file(tmp_path / "a.csv")
    assert source.ragged == (2, 3)
    assert source.column("a").to_list() == ["x", "y"]
    assert source.frame[ROW_NO].to_list() == [1, 4]


def bomb(path: Path) -> None:
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet,
    ):
        for _ in range(64):
            sheet.write(b"0" * 2**20)


def truncated_parquet(path: Path) -> None:
    pl.DataFrame({"a": list(range(10_000))}).write_parquet(path)
    path.write_bytes(path.read_bytes()[:-100])


def zip_without_workbook(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "a,b\n1,2\n")


WRONG = {
    "empty": (lambda p: p.write_bytes(b""), "empty"),
    "blank": (lambda p: p.write_bytes(b"\xef\xbb\xbf \r\n\r\n"), "empty"),
    "header only": (lambda p: p.write_text("a,b\n"), "no_rows"),
    "image": (lambda p: p.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20), "not_a_table"),
    "binary": (lambda p: p.write_bytes(bytes(range(256)) * 50), "not_a_table"),
    "pdf": (lambda p: p.write_bytes(b"%PDF-1.7 ..."), "not_a_table"),
    "zip": (zip_without_workbook, "not_a_table"),
    "broken zip": (lambda p: p.write_bytes(b"PK\x03\x04" + b"x" * 100), "broken_workbook"),
    "bomb": (bomb, "workbook_too_large"),
    "cut parquet": (truncated_parquet, "broken_parquet"),
    "latin": (
        lambda p: p.write_bytes("nom,prénom\nJosé,Zoë é\xe9 ñ\n".encode("latin-1")),
        "unknown_encoding",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_files_are_refused_with_the_reason(tmp_path, name):
    make, code = WRONG[name]
    make(tmp_path / "a.csv")
    with pytest.raises(UnreadableFileError) as refusal:
        read_file(tmp_path / "a.csv")
    assert refusal.value.code == code
    assert refusal.value.template.format(**refusal.value.facts) == str(refusal.value)


def test_a_wrong_choice_of_encoding_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("a,b\né,1\n".encode("latin-1"))
    with pytest.raises(UnreadableFileError, match="utf-16"):
        read_file(path, encoding="utf-16")
    assert read_file(path, encoding="windows-1252").column("a").to_list() == ["é"]


CELLS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=12))
def test_what_csv_writes_is_read_back(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    write_csv(path, [["first", "second", "third"], *rows])
    source = read_file(path, separator=",", encoding="utf-8")
    back = source.frame.drop(ROW_NO).rows()
    assert [[cell or "" for cell in row] for row in back] == rows


def test_separators_are_told_apart_when_texts_contain_others():
    assert detect_separator("name;price;note\na;1,5;x,y\nb;2,5;z\n") == ";"


@pytest.mark.parametrize(
    ("cell", "safe"), [("=1+1", "'=1+1"), ("@x", "'@x"), ("-3.5", "-3.5"), ("+86 1", "'+86 1"), ("a", "a")]
)
def test_exports_never_execute(cell, safe):
    assert harmless(cell) == safe
    text = b"".join(csv_lines(["h"], [[cell]])).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text))) == [["h"], [safe]]


def test_detection_reads_the_whole_file(tmp_path):
    """The first Chinese character comes long after the beginning."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n" + b"x,1\n" * 50_000 + "王,2\n".encode("gb18030"))
    assert detect_encoding(path) == "gb18030"
    assert read_file(path).column("a")[-1] == "王"
