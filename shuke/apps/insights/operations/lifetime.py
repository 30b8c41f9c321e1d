"""What is a member worth?"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from django.utils.translation import gettext as _

from shuke.apps.insights.operations.bought import bought_orders
from shuke.apps.insights.schemas import NotEnough, StudyFacts, StudyOutcome
from shuke.platform.money import exponent, money_text
from shuke.science.lifetime.fitting import NotFitted
from shuke.science.lifetime.valuing import (
    LEAST_DAYS,
    LEAST_REPEATERS,
    Holdout,
    Valuation,
    ValueSettings,
    valued,
)
from shuke.science.reading import Reading
from shuke.tables import TABLES

#: Layers by expected value: the part of the members up to which each reaches, the most valuable first.
LAYERS: tuple[tuple[str, float], ...] = (("top", 0.05), ("high", 0.20), ("middle", 0.50), ("low", 1.0))
DECILES = 10
STEPS = 3


def lifetime_study(facts: StudyFacts) -> StudyOutcome:
    """The value of every member over the coming year, and how far the model is to be trusted."""
    facts.tell(0, STEPS, _("Reading purchases"))
    orders = bought_orders(facts)
    settings = ValueSettings()
    facts.tell(1, STEPS, _("Fitting models of repeat buying"))
    try:
        found = valued(orders, as_of=facts.as_of, rng=facts.rng, settings=settings)
    except NotFitted as missing:
        raise NotEnough(
            Reading(
                "Too little is known of repeat purchases: needed are {members} members who bought twice or more, over "
                "{weeks} weeks. Import older orders, or wait.",
                {"members": LEAST_REPEATERS, "weeks": LEAST_DAYS // 7},
            )
        ) from missing
    facts.tell(2, STEPS, _("Valuing members"))
    members = _layered(found.members)
    result = _result(found, members, settings)
    return StudyOutcome(
        result=result,
        readings=_readings(result, facts.currency),
        tables={"lifetime_values": _rows(members, found, facts, settings)},
        layers=_layer_rows(members, facts),
    )


def _layered(members: pl.DataFrame) -> pl.DataFrame:
    """The members from the most valuable on, each with its layer."""
    ranked = members.sort(["value_minor", "member_id"], descending=[True, False])
    place = (np.arange(len(ranked)) + 1) / max(len(ranked), 1)
    codes = [next(name for name, reach in LAYERS if part <= reach + 1e-12) for part in place.tolist()]
    return ranked.with_columns(layer=pl.Series(codes, dtype=pl.Utf8))


def _rows(members: pl.DataFrame, found: Valuation, facts: StudyFacts, settings: ValueSettings) -> pa.Table:
    schema = TABLES["lifetime_values"].arrow_schema
    told = members.with_columns(
        as_of=pl.lit(facts.as_of),
        horizon_days=pl.lit(settings.horizon_days, pl.Int64),
        currency=pl.lit(facts.currency),
        model=pl.lit(found.fitted.model.name),
    )
    return told.sort("member_id").select(schema.names).to_arrow().cast(schema)


def _layer_rows(members: pl.DataFrame, facts: StudyFacts) -> pa.Table:
    schema = TABLES["member_layers"].arrow_schema
    told = members.with_columns(
        as_of=pl.lit(facts.as_of), scheme=pl.lit("value"), score=pl.col("value_minor").cast(pl.Float64)
    )
    return told.select(schema.names).to_arrow().cast(schema)


def _result(found: Valuation, members: pl.DataFrame, settings: ValueSettings) -> dict[str, Any]:
    value = int(members["value_minor"].sum())
    total = found.total
    return {
        "members": len(members),
        "horizon_days": settings.horizon_days,
        "yearly_discount": settings.yearly_discount,
        "level": settings.level,
        "model": found.fitted.model.name,
        "parameters": found.fitted.parameters,
        "spend": {"p": found.spend.p, "q": found.spend.q, "gamma": found.spend.gamma}
        | {"correlation": found.spend.correlation},
        "value_minor": value,
        "low_minor": round(float(total.lower[0])) if total else None,
        "high_minor": round(float(total.upper[0])) if total else None,
        "expected_orders": float(members["expected_orders"].sum()),
        "returning_share": found.returning.comeback.share if found.returning else None,
        "gate": {name: getattr(found.gate, name) for name in _GATE},
        "models": _models(found),
        "holdout": _holdout(found.holdout),
        "layers": _layers(members, value),
        "deciles": _deciles(members, value),
    }


_GATE = ("is_identified", "reason", "gain", "likely_gone", "may_return", "returned")


def _models(found: Valuation) -> list[dict[str, Any]]:
    """Every model that was tried, in the order of the choice."""
    return [
        {
            "name": each.model.name,
            "log_likelihood": each.log_likelihood,
            "bic": each.bic,
            "holdout_error": found.choice.holdout_errors.get(each.model.name),
        }
        for each in found.choice.fits
    ]


def _holdout(held: Holdout) -> dict[str, Any]:
    return {
        "split": held.split.isoformat(),
        "first_day": held.first_day.isoformat(),
        "days": held.days,
        "actual": held.actual,
        "expected": held.expected,
        "bins": [asdict(row) for row in held.bins],
        "actual_weeks": held.tracking.actual.tolist(),
        "expected_weeks": held.tracking.expected.tolist(),
        "calibration_weeks": held.tracking.calibration,
    }


def _layers(members: pl.DataFrame, value: int) -> list[dict[str, Any]]:
    sums = members.group_by("layer").agg(
        members=pl.len(),
        value_minor=pl.col("value_minor").sum(),
        least_minor=pl.col("value_minor").min(),
        orders=pl.col("expected_orders").mean(),
    )
    known = {row["layer"]: row for row in sums.to_dicts()}
    return [
        known[name] | {"share": known[name]["value_minor"] / value if value else 0.0}
        for name, _reach in LAYERS
        if name in known
    ]


def _deciles(members: pl.DataFrame, value: int) -> list[dict[str, Any]]:
    """Ten groups of equal size, the most valuable first."""
    parts = np.array_split(members["value_minor"].to_numpy(), min(DECILES, len(members)))
    return [
        {
            "mean_minor": round(float(part.mean())),
            "share": float(part.sum()) / value if value else 0.0,
            "members": len(part),
        }
        for part in parts
    ]


def _readings(result: dict[str, Any], currency: str) -> list[Reading]:
    held = result["holdout"]
    top = result["layers"][0]
    readings = [_total_reading(result, currency)]
    readings.append(
        Reading(
            "The top {part:.0%} of the members ({members:,}) stand for {share:.0%} of it, on average {mean} each.",
            {
                "part": LAYERS[0][1],
                "members": top["members"],
                "share": top["share"],
                "mean": _money(top["value_minor"] / top["members"], currency),
            },
        )
    )
    readings.append(
        Reading(
            "Tried on the last {days} days, which the model had not seen: {expected:,.0f} purchases expected, "
            "{actual:,.0f} came ({error:+.1%}).",
            {
                "days": held["days"],
                "expected": held["expected"],
                "actual": held["actual"],
                "error": held["expected"] / held["actual"] - 1 if held["actual"] else 0.0,
            },
        )
    )
    readings.append(gate_reading(result))
    if result["returning_share"] is not None:
        readings.append(
            Reading(
                "In these {days} days those whom the model took for gone bought {share:.0%} of what they would have if "
                "nobody ever left. Their values count on as much.",
                {"days": held["days"], "share": result["returning_share"]},
            )
        )
    return readings


def _total_reading(result: dict[str, Any], currency: str) -> Reading:
    values = {
        "members": result["members"],
        "value": _money(result["value_minor"], currency),
        "weeks": result["horizon_days"] // 7,
    }
    if result["low_minor"] is None:
        return Reading("{members:,} members are expected to spend {value} in the next {weeks} weeks.", values)
    return Reading(
        "{members:,} members are expected to spend {value} in the next {weeks} weeks (95 % interval {low} to {high}).",
        values
        | {"low": _money(result["low_minor"], currency), "high": _money(result["high_minor"], currency)},
    )


def gate_reading(result: dict[str, Any]) -> Reading:
    """What the model may say of who has left, in plain words."""
    gate, days = result["gate"], result["holdout"]["days"]
    if gate["is_identified"]:
        return Reading(
            "{gone:,.0f} members have more likely left than not. The data tell leaving from buying seldom.",
            {"gone": gate["likely_gone"]},
        )
    if gate["reason"] == "came_back":
        return Reading(
            "Nobody is called gone here, and that is on purpose: the model took {gone:,.0f} members for gone, and "
            "{returned:,.0f} of them bought again within {days} days. Your members pause and come back.",
            {"gone": gate["likely_gone"], "returned": gate["returned"], "days": days},
        )
    if gate["reason"] == "nobody_gone":
        return Reading(
            "Nobody is called gone here: the model finds no member who has more likely left than not."
        )
    return Reading(
        "Nobody is called gone here: the data do not tell members who left from members who buy seldom."
    )


def _money(amount_minor: float, currency: str) -> str:
    """An expectation as people say it: whole units."""
    unit = 10 ** exponent(currency)
    return money_text(round(amount_minor / unit) * unit, currency).removesuffix(".00")
