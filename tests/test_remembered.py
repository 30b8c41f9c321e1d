"""A remembered world is the built one: the same answer, rows and files, whatever the test before did to them."""

import pytest

from shuke.platform.retailer.models import Retailer
from tests.browser.shop import open_shop
from tests.remembered import all_rows, remembered

pytestmark = pytest.mark.django_db
built: list[object] = []
first: list[object] = []


def files(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("turn", range(2))
def test_it_is_built_once_and_comes_back_whole(turn, lake_home):
    def build():
        built.append(turn)
        Retailer.objects.update_or_create(pk=1, defaults={"name": "Other"})
        return open_shop()

    answer = remembered("of this test", build, folders=[lake_home])
    assert len(built) == 1
    found = (
        list(answer),
        {table: sorted(map(str, rows)) for table, rows in all_rows().items()},
        files(lake_home),
    )
    first.append(found)
    assert found == first[0]
    assert Retailer.objects.get(pk=1).name == "Other"
    # What a test does with it is its own.
    answer.append("spoiled")
    Retailer.objects.update(name="Spoiled")
    next(path for path in lake_home.rglob("*.parquet")).unlink()
