"""Who is about to leave?"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import polars as pl
import pyarrow as pa
from django.utils.translation import gettext as _

from shuke.apps.insights.operations.bought import bought_orders
from shuke.apps.insights.schemas import NotEnough, StudyFacts, StudyOutcome
from shuke.science.churn.alive import alive
from shuke.science.churn.classifier import LEAST_OUTCOMES, TooFewOutcomes
from shuke.science.churn.risks import (
    HIGH,
    MEDIUM,
    TEACHING_MEMBERS,
    Risks,
    drawn_members,
    horizon_for,
    layers_of,
    risks,
)
from shuke.science.reading import Reading
from shuke.tables import TABLES

STEPS = 3
#: Brier skill that is worth more than a rule anybody can keep in mind.
WORTHWHILE = 0.02
REASONS = ("reason_1", "reason_2", "reason_3")


def churn_study(facts: StudyFacts) -> StudyOutcome:
    """The risk of every member to be silent, with its reasons, judged on the last days that are over."""
    facts.tell(0, STEPS, _("Reading purchases"))
    orders = bought_orders(facts)
    first_day: date = orders.local_date.min().to_pyarrow().as_py()
    seed = int(facts.rng.integers(0, 2**31))
    drawn = drawn_members(orders, most=TEACHING_MEMBERS, seed=seed)
    teaching = orders.semi_join(drawn, "member_id").cache()
    horizon = horizon_for(teaching, first_day=first_day, as_of=facts.as_of)
    if horizon is None:
        raise NotEnough(
            Reading(
                "Only {days} days of purchases are known. To learn from the past and to be tried on it, this needs "
                "three months or more. Import older orders, or wait.",
                {"days": (facts.as_of - first_day).days},
            )
        )
    facts.tell(1, STEPS, _("Learning who fell silent"))
    judged_on = facts.as_of - timedelta(days=horizon)
    try:
        found = risks(
            orders,
            first_day=first_day,
            as_of=facts.as_of,
            horizon_days=horizon,
            seed=seed,
            beside=alive(teaching, as_of=judged_on, horizon_days=horizon),
            drawn=drawn,
        )
    except TooFewOutcomes as missing:
        raise NotEnough(
            Reading(
                "Too few members fell silent for {days} days, or too few stayed, to learn from: needed are {least} of "
                "either kind. No chance is shown, because it would be made up.",
                {"days": horizon, "least": LEAST_OUTCOMES},
            )
        ) from missing
    facts.tell(2, STEPS, _("Telling the risks of today"))
    members = found.members.with_columns(
        layer=pl.Series(layers_of(found.members["probability"].to_numpy())),
        **{name: pl.col("reasons").list.get(place, null_on_oob=True) for place, name in enumerate(REASONS)},
    )
    result = _result(found, members)
    return StudyOutcome(
        result=result,
        readings=_readings(result),
        tables={"churn_risks": _rows(members, found, facts)},
        layers=_layer_rows(members, facts),
    )


def _rows(members: pl.DataFrame, found: Risks, facts: StudyFacts) -> pa.Table:
    schema = TABLES["churn_risks"].arrow_schema
    told = members.with_columns(as_of=pl.lit(facts.as_of), horizon_days=pl.lit(found.horizon_days, pl.Int64))
    return told.select(schema.names).to_arrow().cast(schema)


def _layer_rows(members: pl.DataFrame, facts: StudyFacts) -> pa.Table:
    schema = TABLES["member_layers"].arrow_schema
    told = members.with_columns(as_of=pl.lit(facts.as_of), scheme=pl.lit("churn"), score="probability")
    return told.select(schema.names).to_arrow().cast(schema)


def _result(found: Risks, members: pl.DataFrame) -> dict[str, Any]:
    sizes = dict(members.group_by("layer").agg(pl.len()).rows())
    judged = {layer.layer: layer for layer in found.layers}
    return {
        "members": len(members),
        "horizon_days": found.horizon_days,
        "judged_on": found.judged_on.isoformat(),
        "taught": found.taught,
        "drawn": found.drawn,
        "expected_silent": float(members["probability"].sum()),
        "layers": [
            {
                "layer": name,
                "members": int(sizes.get(name, 0)),
                "judged_members": judged[name].members if name in judged else 0,
                "judged_silent": judged[name].silent if name in judged else None,
            }
            for name in ("high", "medium", "low")
        ],
        "borders": {"high": HIGH, "medium": MEDIUM},
        "judgements": {name: asdict(judgement) for name, judgement in found.judgements.items()},
        "curve": [{"said": said, "came": came, "members": count} for said, came, count in found.curve],
        "gains": dict(found.gains),
        "reasons": _reason_counts(members),
    }


def _reason_counts(members: pl.DataFrame) -> list[dict[str, Any]]:
    """How often each reason is among those of the members who are not of low risk, the most frequent first."""
    risky = members.filter(pl.col("layer") != "low").select("reasons").explode("reasons").drop_nulls()
    counted = (
        risky.group_by("reasons").agg(members=pl.len()).sort(["members", "reasons"], descending=[True, False])
    )
    return [{"reason": row["reasons"], "members": row["members"]} for row in counted.to_dicts()]


def _readings(result: dict[str, Any]) -> list[Reading]:
    days, layers = result["horizon_days"], {row["layer"]: row for row in result["layers"]}
    best, rule = result["judgements"]["classifier"], result["judgements"]["recency"]
    readings = [
        Reading(
            "{members:,} of {all:,} members will more likely than not buy nothing in the next {days} days; {medium:,} "
            "more do so with a chance of one in five or more.",
            {
                "members": layers["high"]["members"],
                "all": result["members"],
                "days": days,
                "medium": layers["medium"]["members"],
            },
        )
    ]
    if layers["high"]["judged_silent"] is not None:
        readings.append(
            Reading(
                "Of the {members:,} members whom the same method would have called high risk {days} days ago, "
                "{silent:.0%} did buy nothing since; of those of low risk {low:.0%}.",
                {
                    "members": layers["high"]["judged_members"],
                    "days": days,
                    "silent": layers["high"]["judged_silent"],
                    "low": layers["low"]["judged_silent"] or 0.0,
                },
            )
        )
    readings.append(
        Reading(
            "Whoever writes to the tenth of the members with the highest risk reaches {caught:.0%} of all who fall "
            "silent ({lift:.1f} times as many as by chance).",
            {"caught": best["lift"] / 10, "lift": best["lift"]},
        )
    )
    readings.append(_against_rule(best, rule))
    if result["drawn"] < result["members"]:
        readings.append(
            Reading(
                "It learned from {drawn:,} members drawn by chance and was tried on them; all {members:,} are scored.",
                {"drawn": result["drawn"], "members": result["members"]},
            )
        )
    return readings


def _against_rule(best: dict[str, Any], rule: dict[str, Any]) -> Reading:
    """What the method adds to the simplest rule, said plainly."""
    values = {
        "auc": best["auc"],
        "rule": rule["auc"],
        "skill": best["brier_skill"],
        "rule_skill": rule["brier_skill"],
    }
    if best["brier_skill"] - rule["brier_skill"] < WORTHWHILE:
        return Reading(
            "Plainly: days since the last visit tell nearly as much (AUC {rule:.2f} against {auc:.2f}). What this "
            "adds are chances that mean what they say, and reasons.",
            values,
        )
    return Reading(
        "It tells more than days since the last visit alone: AUC {auc:.2f} against {rule:.2f}, and its chances err "
        "less (Brier skill {skill:.2f} against {rule_skill:.2f}).",
        values,
    )
