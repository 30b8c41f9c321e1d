"""The compiled query and the plain evaluator agree on every kind of condition."""

from __future__ import annotations

import json
import os
from typing import Any

import ibis
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from ibis.config import Config

from shuke.apps.audiences.rules import AudienceFacts, compile_conditions, parsed
from shuke.apps.audiences.rules.conditions import children_of
from shuke.lake.engines.duckdb import restore_removed_methods
from shuke.tables import TABLES
from tests.apps.audiences.plainly import Plainly
from tests.apps.audiences.worlds import TODAY, World, facts_of, leaves, trees, worlds

pytestmark = pytest.mark.once

EXAMPLES = int(
    os.environ.get("SHUKE_EXAMPLES", "200" if os.environ.get("SHUKE_HYPOTHESIS") == "thorough" else "25")
)
AUDIENCES = {
    "aud_a": parsed({"type": "trait", "field": "frequency", "operator": "ge", "value": 2}),
    "aud_b": parsed({"type": "not", "child": {"type": "audience", "audience_id": "aud_a"}}),
}
QUIET = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)


def compiled_members(trees: list[dict[str, Any]], world: World) -> list[set[str]]:
    """The members of each tree, asked of one engine that holds the world."""
    restore_removed_methods()
    facts, engine = facts_of(world, audiences=AUDIENCES), ibis.duckdb.connect()
    found = []
    for tree in trees:
        query = compile_conditions(parsed(tree), facts)
        rows = engine.to_pyarrow(query).column("member_id").to_pylist()
        assert len(rows) == len(set(rows)), "a member must appear once"
        found.append(set(rows))
    return found


@QUIET
@given(world=worlds(), conditions=st.lists(leaves, min_size=8, max_size=8))
def test_each_leaf_means_what_the_document_says(world: World, conditions: list[dict[str, Any]]) -> None:
    for tree, found in zip(conditions, compiled_members(conditions, world), strict=True):
        assert found == Plainly(world, AUDIENCES).members(parsed(tree)), tree


@QUIET
@given(world=worlds(), tree=trees)
def test_trees_mean_what_the_document_says(world: World, tree: dict[str, Any]) -> None:
    [found] = compiled_members([tree], world)
    assert found == Plainly(world, AUDIENCES).members(parsed(tree))


@QUIET
@given(world=worlds(), tree=trees)
def test_not_is_the_exact_rest(world: World, tree: dict[str, Any]) -> None:
    questions = [{"type": "all"}, tree, {"type": "not", "child": tree}]
    everyone, inside, outside = compiled_members(questions, world)
    assert inside | outside == everyone
    assert not inside & outside


def unbound_facts() -> AudienceFacts:
    """Tables with no engine behind them: their queries can be written for any."""
    names = [name for name in AudienceFacts.__dataclass_fields__ if name in TABLES]
    tables = {name: ibis.table(TABLES[name].ibis_schema, name=name) for name in names}
    stopped = ibis.table({"member_id": "string", "channel": "string"}, name="suppressions")
    return AudienceFacts(**tables, suppressions=stopped, today=TODAY, currency="CNY", audiences=AUDIENCES)


class SparkOptions(Config):
    """The one option of the Spark backend that its compiler reads."""

    treat_nan_as_null: bool = False


def _lists_members(tree: Any) -> bool:
    return "member_ids" in json.dumps(tree)


@QUIET
@given(tree=trees.filter(lambda tree: not _lists_members(tree)))
def test_every_tree_becomes_one_query_that_spark_can_say(tree: dict[str, Any]) -> None:
    """Lists of members travel beside the query as a table, for which Ibis wants a running Spark."""
    # Spark's Ibis backend registers this option when it is loaded; the compiler alone asks for it too.
    ibis.options.pyspark = SparkOptions()
    query = compile_conditions(parsed(tree), unbound_facts())
    sql = ibis.to_sql(query, dialect="pyspark")
    assert sql.lstrip().upper().startswith(("SELECT", "WITH"))
    assert "FIRST(" not in sql.upper()
    assert "HASH(" not in sql.upper()


def test_children_are_reached() -> None:
    tree = parsed({"type": "not", "child": {"type": "all", "children": [{"type": "all"}]}})
    assert len(children_of(children_of(tree)[0])) == 1


@pytest.mark.parametrize("kind", ["all", "any"])
def test_empty_groups(kind: str) -> None:
    world = {"identity_map": [{"person_key": "k", "member_id": "m"}]}
    assert compiled_members([{"type": kind}], world) == [{"m"} if kind == "all" else set()]
