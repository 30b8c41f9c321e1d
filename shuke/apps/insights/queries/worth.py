"""What members are worth and how likely they are to stay away, as the newest studies told it."""

from __future__ import annotations

from datetime import date
from typing import Any

import ibis
from ibis.expr import types as ir

from shuke.apps.insights.models import Study
from shuke.apps.insights.schemas.worth import MemberWorth
from shuke.apps.members.queries import member_names
from shuke.lake.reading import Snapshot
from shuke.platform.warehouse import lake
from shuke.science.persons import speaking_members

_VALUES = ("expected_orders", "probability_alive", "value_minor", "low_minor", "high_minor", "currency")
_RISKS = ("probability", "silence_ratio", "reason_1", "reason_2", "reason_3")


def most_worth(*, limit: int = 20) -> list[MemberWorth]:
    """The members of the highest expected value."""
    return _listed(order="value_minor", limit=limit)


def most_at_risk(*, limit: int = 20) -> list[MemberWorth]:
    """The members with whom most is lost: value times the chance to lose it; by chance alone without values."""
    has_values = _answered("lifetime") is not None
    return _listed(order="at_risk_minor" if has_values else "probability", limit=limit)


def worth_of(member_id: str) -> MemberWorth | None:
    """What is told of one member; ``None`` before the first answer and for who never bought."""
    with lake().read() as snapshot:
        told = _told(snapshot)
        if told is None:
            return None
        rows = told.filter(told.member_id == member_id).to_pyarrow().to_pylist()
    return _worth(rows[0]) if rows else None


def _listed(*, order: str, limit: int) -> list[MemberWorth]:
    with lake().read() as snapshot:
        told = _told(snapshot)
        if told is None:
            return []
        known = told.filter(told[order].notnull())
        rows = known.order_by(known[order].desc(), known.member_id).limit(limit).to_pyarrow().to_pylist()
    names = member_names([row["member_id"] for row in rows])
    return [_worth(row, name=names.get(row["member_id"], "")) for row in rows]


def _answered(kind: str) -> date | None:
    """The newest day with an answer, if the newest study has one: an old answer is not shown as today's."""
    row = Study.objects.filter(kind=kind).order_by("-as_of").first()
    return row.as_of if row is not None and row.refusal is None else None


def _told(snapshot: Snapshot) -> ir.Table | None:
    """One row per member with the columns of both tables; missing where a study has no answer."""
    days = {"lifetime_values": _answered("lifetime"), "churn_risks": _answered("churn")}
    if not any(days.values()):
        return None
    values = _of_day(snapshot, "lifetime_values", days["lifetime_values"])
    values = values.select("member_id", *_VALUES, value_as_of="as_of", value_horizon_days="horizon_days")
    risks = _of_day(snapshot, "churn_risks", days["churn_risks"])
    risks = risks.select("member_id", *_RISKS, risk_as_of="as_of", risk_horizon_days="horizon_days")
    members = ibis.union(values.select("member_id"), risks.select("member_id"), distinct=True)
    joined = members.left_join(values, "member_id").drop("member_id_right").left_join(risks, "member_id")
    both = joined.drop("member_id_right")
    return both.mutate(at_risk_minor=(both.value_minor * both.probability).round().cast("int64"))


def _of_day(snapshot: Snapshot, name: str, day: date | None) -> ir.Table:
    """That day's rows, one per person: of accounts that were merged since, the one that bought more speaks."""
    table = snapshot.table(name)
    rows = table.filter(table.as_of == ibis.literal(day)) if day else table.limit(0)
    owned = speaking_members(rows, snapshot.table("identity_map"))
    first = owned.value_minor.desc() if name == "lifetime_values" else owned.probability.asc()
    placed = owned.mutate(place=ibis.row_number().over(group_by="member_id", order_by=[first]))
    return placed.filter(placed.place == 0).drop("place")


def _worth(row: dict[str, Any], *, name: str = "") -> MemberWorth:
    reasons = [row.pop(column) for column in ("reason_1", "reason_2", "reason_3")]
    row["currency"] = row["currency"] or ""
    return MemberWorth(**row, name=name, reasons=tuple(reason for reason in reasons if reason))
