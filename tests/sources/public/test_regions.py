"""The regions that are shipped are consistent, and known places are there."""

from collections import Counter

import pytest

from shuke.sources.public.regions import regions
from shuke.tables import TABLES


@pytest.fixture(scope="module")
def rows() -> dict[str, dict]:
    return {row["region_id"]: row for row in regions().to_pylist()}


def test_shape_and_keys(rows):
    table = regions()
    assert table.schema == TABLES["regions"].arrow_schema
    assert table.num_rows == len(rows) > 5000
    assert all(row["name"] and row["source"] and row["kind"] for row in rows.values())


def test_every_part_lies_in_a_region_of_the_first_level(rows):
    for row in rows.values():
        if row["level"] == 1:
            assert row["parent_id"] is None
        else:
            assert rows[row["parent_id"]]["level"] == 1
            assert rows[row["parent_id"]]["country"] == row["country"]


def test_coordinates_are_on_earth(rows):
    for row in rows.values():
        assert (row["latitude"] is None) == (row["longitude"] is None)
        assert row["latitude"] is None or abs(row["latitude"]) <= 90
        assert row["longitude"] is None or abs(row["longitude"]) <= 180


def test_china(rows):
    chinese = [row for row in rows.values() if row["country"] == "CN"]
    levels = Counter(row["level"] for row in chinese)
    assert levels[1] == 34
    assert 333 <= levels[2] <= 400
    assert all(row["name_zh"].startswith(row["short_zh"]) for row in chinese)


@pytest.mark.parametrize(
    ("region_id", "name", "name_zh", "short", "parent"),
    [
        ("CN-440300", "Shenzhen", "深圳市", "深圳", "CN-GD"),
        ("CN-SH", "Shanghai", "上海市", "上海", None),
        ("CN-222400", "Yanbian", "延边朝鲜族自治州", "延边", "CN-JL"),
        ("CN-152500", "Xilingol", "锡林郭勒盟", "锡林郭勒", "CN-NM"),
        ("CN-429004", "Xiantao", "仙桃市", "仙桃", "CN-HB"),
        ("CN-610100", "Xi'an", "西安市", "西安", "CN-SN"),
        ("CN-650100", "Urumqi", "乌鲁木齐市", "乌鲁木齐", "CN-XJ"),
        ("CN-469025", "Baisha", "白沙黎族自治县", "白沙", "CN-HI"),
        ("CN-411100", "Luohe", "漯河市", "漯河", "CN-HA"),
        ("CN-140400", "Changzhi", "长治市", "长治", "CN-SX"),
    ],
)
def test_chinese_places(rows, region_id, name, name_zh, short, parent):
    row = rows[region_id]
    assert (row["name"], row["name_zh"], row["short_zh"], row["parent_id"]) == (name, name_zh, short, parent)


def test_places_elsewhere(rows):
    assert rows["US-CA"]["name"] == "California"
    assert rows["FR-01"]["parent_id"] == "FR-ARA"
    assert rows["DE-BY"]["kind"] == "land"
