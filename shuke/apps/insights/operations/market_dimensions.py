"""By what the members of a shop can be divided: what is known of enough of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import ibis
from ibis.expr import types as ir

from shuke.apps.insights.schemas import StudyFacts
from shuke.science import market_segments as market
from shuke.science.persons import current_attributes

Family = Literal["geography", "demography", "psychography", "behaviour"]

#: Attributes that are no segment: days, addresses, consents, and what others compute.
NOT_SEGMENTS = frozenset(
    {"birthday", "joined_on", "language", "tier", "postcode", "satisfaction", "birth_year", "name"}
)
PLACES = ("province", "region", "city")
DEMOGRAPHY = frozenset(
    {
        "age_group",
        "gender",
        "income_group",
        "household_size",
        "household_comp",
        "kids_count",
        "marital_status",
        "occupation",
        "home_owner",
    }
)
#: An attribute divides the members if this share of them told it, in 2 to so many values.
LEAST_KNOWN = 0.02
MOST_VALUES = 60
#: The most asked questions of surveys.
QUESTIONS = 5
#: Trait → family.
TRAITS: dict[str, Family] = {
    "favourite_store": "geography",
    "lifecycle_stage": "behaviour",
    "rfm_segment": "behaviour",
    "favourite_department": "behaviour",
    "preferred_channel": "behaviour",
}


@dataclass(frozen=True)
class Dimension:
    """Every member in one segment.  ``names`` are of segments whose code says nothing to people."""

    code: str
    family: Family
    segments: ir.Table
    names: dict[str, str] = field(default_factory=dict)


def dimensions(facts: StudyFacts) -> Iterator[Dimension]:
    """Every dimension that divides the members, in the order people read them."""
    read = facts.snapshot.table
    members = facts.traits.select("member_id")
    current = facts.snapshot.connection.create_table(
        "told_attributes", current_attributes(read("member_attributes"), read("identity_map")), temp=True
    )
    told = _told(current, members=int(members.count().to_pyarrow().as_py()))
    yield from _of_places(facts, members, current, told)
    if "birth_year" in _names(current):
        yield Dimension("age", "demography", market.by_age(members, current, as_of=facts.as_of))
    for name in told:
        if name not in PLACES:
            family: Family = "demography" if name in DEMOGRAPHY else "psychography"
            yield Dimension(name, family, market.by_attribute(members, current, attribute=name))
    yield from _of_answers(facts, members)
    for trait, kind in TRAITS.items():
        if kind == "behaviour":
            yield Dimension(trait, kind, market.by_trait(members, facts.traits, trait=trait))


def _names(current: ir.Table) -> set[str]:
    return set(current.select("attribute").distinct().to_pyarrow()["attribute"].to_pylist())


def _told(current: ir.Table, *, members: int) -> list[str]:
    """The attributes that divide the members, the best known first."""
    counted = current.group_by("attribute").agg(
        members=current.member_id.nunique(), values=current.value.nunique()
    )
    enough = counted.filter(
        counted.members >= LEAST_KNOWN * members,
        (counted["values"] <= MOST_VALUES) | counted.attribute.isin(PLACES),
        counted["values"] >= 2,
        ~counted.attribute.isin(sorted(NOT_SEGMENTS)),
        ~counted.attribute.startswith("consent"),
    )
    rows = enough.order_by(enough.members.desc(), enough.attribute).to_pyarrow()
    return list(rows["attribute"].to_pylist())


def _of_places(
    facts: StudyFacts, members: ir.Table, current: ir.Table, told: list[str]
) -> Iterator[Dimension]:
    regions, stores = facts.snapshot.table("regions"), facts.snapshot.table("stores")
    place = next((name for name in PLACES if name in told), None)
    if place:
        named = market.by_region(members, current, regions, attribute=place)
        if int((named.segment != market.UNKNOWN).sum().to_pyarrow().as_py() or 0):
            provinces = regions.filter(regions.level == 1).select("region_id", "name").to_pyarrow()
            names = dict(zip(provinces["region_id"].to_pylist(), provinces["name"].to_pylist(), strict=True))
            yield Dimension("province", "geography", named, names)
    if "city" in told:
        yield Dimension("city", "geography", market.by_attribute(members, current, attribute="city"))
    known = stores.select("store_id", "name", "region").to_pyarrow().to_pylist()
    if any(row["region"] for row in known):
        yield Dimension("store_region", "geography", market.by_store_region(members, facts.traits, stores))
    if len(known) > 1:
        names = {row["store_id"]: row["name"] or row["store_id"] for row in known}
        by_store = market.by_trait(members, facts.traits, trait="favourite_store")
        yield Dimension("favourite_store", "geography", by_store, names)


def _of_answers(facts: StudyFacts, members: ir.Table) -> Iterator[Dimension]:
    """The answers to the questions that were asked most."""
    events, keys = facts.snapshot.table("events"), facts.snapshot.table("identity_map")
    until = events.filter(events.local_date <= ibis.literal(facts.as_of))
    for question in market.questions(until, most=QUESTIONS):
        yield Dimension(
            f"answer {question}",
            "psychography",
            market.by_answer(members, until, keys, question=question),
        )
