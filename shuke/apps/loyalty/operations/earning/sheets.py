"""From lines of the lake to told orders: a part of many members is evaluated at once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt
import polars as pl

from shuke.apps.loyalty.operations.earning.told import Evaluated, ToldOrder, evaluated
from shuke.apps.loyalty.queries.earning_plans import Plans
from shuke.apps.loyalty.rules.earning import Line, Plan, Purchase
from shuke.apps.loyalty.rules.earning_frames import EarnedSheet, earned_sheet
from shuke.apps.loyalty.rules.earning_limits import Counts, rules_of
from shuke.apps.loyalty.rules.order_earnings import Back, shares_back

Words = npt.NDArray[np.uint64]
#: Odd numbers that mix the columns of a line into one; what they are does not matter, that they stay does.
FACTORS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5)
POSITIVE = 2**63 - 1
HEAD = ("member_id", "order_id", "placed_at", "on", "counts", "told", "basis")
LINE_FIELDS = (
    "line_no",
    "product_id",
    "paid_minor",
    "list_minor",
    "voucher_minor",
    "department",
    "category",
    "brand",
    "quantity",
)


def with_orders(part: pl.DataFrame) -> pl.DataFrame:
    """The lines with ``order``: 0, 1, 2 … for the orders of the part."""
    return part.with_columns(order=pl.col("order_id").rle_id().cast(pl.Int64))


def first_rows(lines: pl.DataFrame) -> npt.NDArray[np.int64]:
    """Where each order begins."""
    return np.flatnonzero(np.diff(lines["order"].to_numpy(), prepend=-1)).astype(np.int64)


def check_sums(lines: pl.DataFrame) -> tuple[list[int], list[int]]:
    """Per order a sum of what its lines say, and one of all that the lake says, refunds and state included."""
    starts = first_rows(lines)
    if not len(starts):
        return [], []
    products = lines["product_id"].unique(maintain_order=True)
    sums = pl.DataFrame({"product_id": products, "product": [crc32(p.encode()) for p in products]})
    product = lines.select("product_id").join(sums, on="product_id", how="left", maintain_order="left")
    columns = [
        lines[name].to_numpy()
        for name in ("line_no", "quantity", "paid_minor", "list_minor", "voucher_minor")
    ]
    told = _mixed([*columns, product["product"].to_numpy()])
    names = ("line_no", "back_quantity", "back_minor", "whole_back_minor", "counts")
    back = _mixed([lines[name].cast(pl.Int64).to_numpy() for name in names])
    of_lines = np.add.reduceat(told, starts)
    of_all = of_lines ^ np.add.reduceat(back, starts)
    mask = np.uint64(POSITIVE)
    return (of_lines & mask).tolist(), (of_all & mask).tolist()


def _mixed(columns: Sequence[npt.NDArray[Any]]) -> Words:
    mixed = np.zeros(len(columns[0]), np.uint64)
    for place, column in enumerate(columns):
        factor = np.uint64(FACTORS[place % len(FACTORS)])
        mixed = (mixed ^ column.astype(np.int64).view(np.uint64)) * factor
        mixed ^= mixed >> np.uint64(29)
    return mixed


@dataclass(frozen=True)
class Standpoint:
    """What the lines do not say of a member: its key, its tier and its multipliers by points type."""

    pk: int
    tier: str
    multipliers: Mapping[str, Fraction]


def told_orders(
    lines: pl.DataFrame, *, plans: Plans, members: Mapping[str, Standpoint]
) -> Iterator[tuple[str, ToldOrder]]:
    """(member, order) for each order of the lines that lies in the time of a version.

    ``lines`` is a part of ``order_facts`` of known members, with ``told`` and ``basis``.
    """
    tiers = {member: standpoint.tier for member, standpoint in members.items()}
    numbers = [plans.starts.index(start) for start in plans.starts]
    lines = lines.with_columns(
        on=pl.col("local_date"),
        tier=pl.col("member_id").replace_strict(tiers, return_dtype=pl.String),
        plan=pl.sum_horizontal(
            *((pl.col("placed_at") >= start).cast(pl.Int64) for start in plans.starts), pl.lit(-1)
        ),
    )
    for number in numbers:
        mine = lines.filter(pl.col("plan") == number)
        if mine.height:
            yield from _of_plan(with_orders(mine), plans.plans[number], members)


def _of_plan(
    lines: pl.DataFrame, plan: Plan, members: Mapping[str, Standpoint]
) -> Iterator[tuple[str, ToldOrder]]:
    sheets = _sheets(lines, plan)
    starts = first_rows(lines)
    ends = [*starts[1:].tolist(), lines.height]
    heads = lines.select(HEAD)[starts].rows()
    line_no, quantity = lines["line_no"].to_list(), lines["quantity"].to_list()
    has_back = lines.select(
        (pl.col("back_quantity") != 0) | (pl.col("back_minor") != 0) | (pl.col("whole_back_minor") != 0)
    ).to_series()
    backs = np.add.reduceat(has_back.to_numpy().astype(np.int64), starts).tolist()
    shares = {name: sheet.shares.tolist() for name, sheet in sheets.items()}
    given = {
        name: {rule: points.tolist() for rule, points in sheet.points.items()}
        for name, sheet in sheets.items()
    }
    for place, (start, end, head) in enumerate(zip(starts.tolist(), ends, heads, strict=True)):
        member_id, order_id, placed_at, on, counts, told, basis = head
        standpoint = members[member_id]
        purchase = _purchase_of(lines, start, end)
        if standpoint.multipliers or not sheets:
            result = evaluated(
                plan.without_caps, purchase(), counts=Counts(), multipliers=standpoint.multipliers
            )
        else:
            result = _evaluated(given, shares, place, start, end)
        back, back_at = _back(lines, start, end) if backs[place] else ({}, None)
        yield (
            member_id,
            ToldOrder(
                order_id=order_id,
                member_pk=standpoint.pk,
                # The lake's times are UTC; this spares converting each of them again and again.
                placed_at=placed_at.replace(tzinfo=UTC),
                on=on,
                teller="lake",
                plan=plan,
                lines=line_no[start:end],
                pieces=quantity[start:end],
                evaluated=result,
                purchase=purchase,
                multipliers=standpoint.multipliers,
                counts=counts,
                back=back,
                back_at=back_at,
                told=told,
                basis=basis,
            ),
        )


def _sheets(lines: pl.DataFrame, plan: Plan) -> dict[str, EarnedSheet]:
    """What the orders earn by points type; empty if an amount is too large for it, then each is asked alone."""
    try:
        return {name: earned_sheet(rules_of(plan, name), lines) for name in plan.points_types}
    except OverflowError:
        return {}


def _evaluated(
    given: Mapping[str, Mapping[str, Sequence[int]]],
    shares: Mapping[str, list[int]],
    place: int,
    start: int,
    end: int,
) -> Evaluated:
    rules = {}
    for name, points in given.items():
        mine = {rule: values[place] for rule, values in points.items() if values[place]}
        if mine:
            rules[name] = mine
    return Evaluated(rules, {name: shares[name][start:end] for name in rules})


def _purchase_of(lines: pl.DataFrame, start: int, end: int) -> Callable[[], Purchase]:
    def purchase() -> Purchase:
        rows = lines[start:end].rows(named=True)
        head = rows[0]
        return Purchase(
            lines=tuple(Line(**{name: row[name] for name in LINE_FIELDS}) for row in rows),
            on=head["on"],
            sales_channel=head["sales_channel"],
            store_id=head["store_id"],
            tier=head["tier"],
        )

    return purchase


def _back(lines: pl.DataFrame, start: int, end: int) -> tuple[dict[int, Fraction], datetime | None]:
    rows = lines[start:end].rows(named=True)
    back = {
        r["line_no"]: Back(r["back_quantity"], r["back_minor"])
        for r in rows
        if r["back_quantity"] or r["back_minor"]
    }
    if rows[0]["whole_back_minor"]:
        back[0] = Back(0, rows[0]["whole_back_minor"])
    bought = {r["line_no"]: (r["quantity"], r["paid_minor"]) for r in rows}
    moment = max((r["back_at"] for r in rows if r["back_at"]), default=None)
    return shares_back(bought, back), moment
