"""Saving, versions, uses, archiving, and what a count remembers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from shuke.apps.audiences import operations, queries
from shuke.apps.audiences.models import AudienceEvaluation, AudienceVersion
from shuke.apps.audiences.schemas import parsed
from shuke.platform.audit.queries import audit_entries
from shuke.platform.clock import now
from shuke.platform.errors import Invalid, NotFound
from shuke.platform.permissions import Actor
from shuke.platform.warehouse import lake
from tests.apps.audiences.worlds import arrow

Condition = Callable[[int], dict[str, Any]]


def today() -> date:
    """Asked anew by each test, since a run may begin before midnight."""
    return now().date()


def create(actor: Actor, conditions: Any, name: str = "Regulars") -> str:
    return operations.create_audience(actor=actor, at=now(), as_of=today(), name=name, conditions=conditions)


def change(actor: Actor, audience_id: str, conditions: Any, **more: Any) -> int:
    given = {"name": "Regulars", **more}
    return operations.change_audience(
        actor=actor, at=now(), as_of=today(), audience_id=audience_id, conditions=conditions, **given
    )


def ids(audience_id: str, **more: Any) -> list[str]:
    return queries.audience_member_ids(audience_id, as_of=today(), **more)


def test_a_saved_audience_knows_its_members(shop: list[str], marketer: Actor, at_least: Condition) -> None:
    audience_id = create(marketer, at_least(9))
    assert ids(audience_id) == ["m09", "m10", "m11"]
    view = queries.audience(audience_id, as_of=today())
    assert view.latest is not None
    assert (view.latest.size, view.latest.members_total) == (3, 12)
    assert view.latest.lake_versions["traits"] == 1
    assert view.latest.lake_versions["messages"] is None
    assert "at least 9" in view.description[0].text


def test_each_save_is_a_new_version_and_old_ones_stay(
    shop: list[str], marketer: Actor, at_least: Condition
) -> None:
    audience_id = create(marketer, at_least(9))
    assert change(marketer, audience_id, at_least(11), note="Only the best") == 2
    assert change(marketer, audience_id, at_least(11)) == 2, "equal conditions make no version"
    assert ids(audience_id) == ["m11"]
    assert ids(audience_id, version=1) == ["m09", "m10", "m11"]
    newest, oldest = queries.versions(audience_id)
    assert (newest.number, newest.note, newest.author_name) == (2, "Only the best", "mara")
    assert oldest.conditions["value"] == 9
    verbs = [entry.verb for entry in audit_entries(subject=("audience", audience_id))[0]]
    assert verbs == ["audience.changed", "audience.created"]


def test_two_editors_do_not_overwrite_one_another(
    shop: list[str], marketer: Actor, at_least: Condition
) -> None:
    audience_id = create(marketer, at_least(9))
    change(marketer, audience_id, at_least(8), version=1)
    with pytest.raises(operations.ChangedMeanwhile):
        change(marketer, audience_id, at_least(7), version=1)
    assert AudienceVersion.objects.count() == 2


def test_names_are_unique_among_active_audiences(
    shop: list[str], marketer: Actor, at_least: Condition
) -> None:
    first = create(marketer, at_least(9))
    with pytest.raises(operations.NameTaken):
        create(marketer, at_least(8), name=" Regulars ")
    operations.archive_audience(actor=marketer, at=now(), audience_id=first)
    assert create(marketer, at_least(8))


def test_an_audience_of_an_audience_follows_it(shop: list[str], marketer: Actor, at_least: Condition) -> None:
    inner = create(marketer, at_least(9), name="Inner")
    outer = create(
        marketer, {"type": "not", "child": {"type": "audience", "audience_id": inner}}, name="Outer"
    )
    assert len(ids(outer)) == 9
    change(marketer, inner, at_least(1), name="Inner")
    assert ids(outer) == ["m00"]
    assert [use.label for use in queries.audience(inner, as_of=today()).used_by] == ["Outer"]
    with pytest.raises(operations.StillUsed, match="Outer"):
        operations.archive_audience(actor=marketer, at=now(), audience_id=inner)


def test_circles_are_refused(shop: list[str], marketer: Actor, at_least: Condition) -> None:
    inner = create(marketer, at_least(9), name="Inner")
    middle = create(marketer, {"type": "audience", "audience_id": inner}, name="Middle")
    with pytest.raises(Invalid) as caught:
        change(
            marketer,
            inner,
            {"type": "all", "children": [{"type": "audience", "audience_id": middle}]},
            name="Inner",
        )
    fault = caught.value.details["faults"][0]
    assert (fault["code"], fault["path"]) == ("circle", [0])
    with pytest.raises(Invalid):
        change(marketer, inner, {"type": "audience", "audience_id": inner}, name="Inner")
    assert ids(inner) == ["m09", "m10", "m11"]


def test_unknown_names_are_refused_with_suggestions(shop: list[str], marketer: Actor) -> None:
    tree = {
        "type": "all",
        "children": [
            {"type": "trait", "field": "frequencies", "operator": "ge", "value": 1},
            {"type": "not", "child": {"type": "purchase", "goods": {"categories": ["tee"]}}},
        ],
    }
    with pytest.raises(Invalid) as caught:
        create(marketer, tree)
    first, second = caught.value.details["faults"]
    assert (first["code"], first["path"], first["suggestions"]) == (
        "unknown_trait",
        [0],
        ["frequency", "frequency_score"],
    )
    assert (second["code"], second["path"], second["suggestions"]) == ("unknown_category", [1, 0], ["Tea"])
    assert "Did you mean Tea?" in second["message"]


@pytest.mark.parametrize(
    ("tree", "code"),
    [
        (None, "value_missing"),
        ({"type": "nothing"}, "unknown_type"),
        ({"type": "any", "children": []}, "empty_group"),
        (
            {"type": "trait", "field": "frequency", "operator": "contains", "value": "1"},
            "operator_not_allowed",
        ),
        ({"type": "trait", "field": "frequency", "operator": "eq", "value": "many"}, "not_a_whole_number"),
        ({"type": "trait", "field": "last_order_date", "operator": "lt", "value": "soon"}, "not_a_date"),
        (
            {"type": "trait", "field": "frequency", "operator": "between", "value": 3, "high": 1},
            "range_reversed",
        ),
        ({"type": "trait", "field": "frequency", "operator": "ge"}, "value_missing"),
        ({"type": "trait", "field": "frequency", "operator": "ge", "value": 10**30}, "out_of_range"),
        ({"type": "trait", "field": "rfm_segment", "operator": "eq", "value": "a\x00b"}, "text_unreadable"),
        ({"type": "purchase", "window": {"type": "last_days", "days": 0}}, "out_of_range"),
        ({"type": "share", "basis_points": 10_001}, "out_of_range"),
        ({"type": "all", "surprise": 1}, "unknown_input"),
        ({"type": "audience", "audience_id": "aud_gone"}, "unknown_audience"),
    ],
)
def test_faulty_trees_are_refused_by_name(shop: list[str], marketer: Actor, tree: Any, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        create(marketer, tree)
    assert caught.value.details["faults"][0]["code"] == code
    assert str(caught.value.details["faults"][0]["message"])


def test_trees_that_are_too_deep_or_too_large_are_refused(
    shop: list[str], marketer: Actor, at_least: Condition
) -> None:
    deep: dict[str, Any] = at_least(1)
    for _ in range(5_000):
        deep = {"type": "not", "child": deep}
    wide = {"type": "all", "children": [at_least(1)] * 200}
    for tree, code in ((deep, "too_deep"), (wide, "too_many")):
        with pytest.raises(Invalid) as caught:
            create(marketer, tree)
        assert caught.value.details["faults"][0]["code"] == code


def test_a_past_count_can_be_repeated(shop: list[str], marketer: Actor) -> None:
    bought = {"type": "purchase", "comparison": {"operator": "ge", "value": 11}}
    audience_id = create(marketer, bought)
    before = AudienceEvaluation.objects.get()
    row = {"order_id": "late", "person_key": "k10", "placed_at": now(), "paid_minor": 5}
    lake().append("orders", arrow("orders", [row]))
    assert ids(audience_id) == ["m10", "m11"]
    with queries.bench(as_of=before.as_of, lake_versions=before.lake_versions) as bench:
        assert bench.member_ids(parsed(bought)) == ["m11"]


def test_nightly_count_keeps_a_history(shop: list[str], marketer: Actor, at_least: Condition) -> None:
    from shuke.apps.audiences.tasks import count_audiences

    audience_id = create(marketer, at_least(9))
    assert count_audiences.call() == 1
    sizes = queries.audience(audience_id, as_of=today()).sizes
    assert [point.size for point in sizes] == [3, 3]


def test_duplicates_get_a_free_name(shop: list[str], marketer: Actor, at_least: Condition) -> None:
    audience_id = create(marketer, at_least(9))
    copies = [
        operations.duplicate_audience(actor=marketer, at=now(), as_of=today(), audience_id=audience_id)
        for _ in range(2)
    ]
    names = [queries.audience(copy, as_of=today()).name for copy in copies]
    assert names == ["Copy of Regulars", "Copy of Regulars 2"]


def test_uses_come_and_go(shop: list[str], marketer: Actor, at_least: Condition) -> None:
    audience_id = create(marketer, at_least(9))
    for label in ("Spring", "Spring sale"):
        operations.note_use(audience_id=audience_id, kind="campaign", subject_id="cmp_1", label=label)
    assert [use.label for use in queries.audience(audience_id, as_of=today()).used_by] == ["Spring sale"]
    operations.forget_use(kind="campaign", subject_id="cmp_1")
    assert queries.audience(audience_id, as_of=today()).used_by == []


def test_profile_compares_with_all_members(shop: list[str], marketer: Actor, at_least: Condition) -> None:
    profile = queries.audience_profile(create(marketer, at_least(4)), as_of=today())
    assert (profile.size, profile.members_total) == (8, 12)
    assert (profile.revenue_minor, profile.revenue_total_minor) == (60_000, 66_000)
    stages = {stage.stage: (stage.members, stage.all_members) for stage in profile.stages}
    assert stages["at_risk"] == (0, 3)
    assert stages["active"] == (8, 8)


def test_an_empty_lake_has_empty_audiences(
    db: None, lake_home: Any, marketer: Actor, at_least: Condition
) -> None:
    audience_id = create(marketer, at_least(1))
    assert ids(audience_id) == []
    assert queries.audience_profile(audience_id, as_of=today()).size == 0


def test_unknown_audiences_are_not_found(db: None, lake_home: Any) -> None:
    with pytest.raises(NotFound):
        ids("aud_missing")


def test_an_erased_member_leaves_every_list(shop: list[str], marketer: Actor) -> None:
    from shuke.apps.audiences import privacy

    listed = {"type": "members", "member_ids": ["m01", "m02"]}
    audience_id = create(marketer, {"type": "all", "children": [{"type": "not", "child": listed}]})
    alone = create(marketer, {"type": "members", "member_ids": ["m01"]}, name="Alone")
    assert privacy.exported("m01") == {"listed_in": sorted([audience_id, alone])}
    assert list(privacy.erased("m01", now())) == []
    assert "m01" in ids(audience_id)
    assert "m02" not in ids(audience_id)
    assert ids(alone) == []
    assert privacy.exported("m01") == {}
    assert privacy.exported("m02") == {"listed_in": [audience_id]}
