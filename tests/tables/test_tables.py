"""The shared language is consistent: names, keys, layouts, and what a table refuses to be."""

import re

import pyarrow as pa
import pytest

from shuke.tables import TABLES, Column, Table
from shuke.tables.schema import BUSINESS_TIME

EACH = pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
#: What would name a person; the lake may never hold it.
PERSONAL = re.compile(r"(^|_)(phone|mobile|email|address|first_name|last_name|full_name|birthday)($|_)")


@EACH
def test_names_and_meanings(table: Table) -> None:
    assert TABLES[table.name] is table
    assert table.grain
    for column in table.columns:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", column.name)
        assert column.meaning.endswith((".", "…", "?", ")")), column.name


@EACH
def test_the_lake_never_holds_a_direct_identifier(table: Table) -> None:
    assert [name for name in table.column_names if PERSONAL.search(name)] == []


@EACH
def test_keys_are_never_empty(table: Table) -> None:
    assert table.key
    assert [name for name in table.key if table.column(name).nullable] == []


@EACH
def test_money_lies_beside_a_currency_or_an_order(table: Table) -> None:
    """An amount needs a currency: its own, or that of the order or voucher it belongs to."""
    amounts = [column.name for column in table.columns if column.type == "minor"]
    assert all(name.endswith("_minor") for name in amounts)
    links = {"currency", "order_id", "voucher_id", "product_id"}
    assert not amounts or links & set(table.column_names)


@EACH
def test_schemas_agree(table: Table) -> None:
    assert table.arrow_schema.names == list(table.ibis_schema.names) == list(table.column_names)
    assert table.empty().num_rows == 0
    for field in table.arrow_schema:
        if pa.types.is_timestamp(field.type):
            assert field.type == pa.timestamp("us", tz="UTC")
        assert not (pa.types.is_floating(field.type) and field.name.endswith("_minor"))


@EACH
def test_monthly_facts_carry_business_time(table: Table) -> None:
    if "local_month" in table.partition_by:
        assert {column.name for column in BUSINESS_TIME} <= set(table.column_names)


def test_a_table_refuses_what_it_does_not_have() -> None:
    column = Column("a", "id", "A.")
    with pytest.raises(ValueError, match="twice"):
        Table(name="t", kind="fact", grain="a row", columns=(column, column), key=("a",))
    with pytest.raises(ValueError, match="no column 'b'"):
        Table(name="t", kind="fact", grain="a row", columns=(column,), key=("b",))
    with pytest.raises(ValueError, match="no column 'c'"):
        Table(name="t", kind="fact", grain="a row", columns=(column,), key=("a",), sort_by=("c",))
    with pytest.raises(KeyError, match="t has no column"):
        Table(name="t", kind="fact", grain="a row", columns=(column,), key=("a",)).column("z")
