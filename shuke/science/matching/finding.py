"""Training on the records, scoring pairs, and joining sure pairs to people."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl
from splink import DuckDBAPI, Linker, block_on

from shuke.science.matching import model
from shuke.science.matching.preparing import FIELDS, prepared

#: Told how far it is: step, steps, what is done.
Tell = Callable[[int, int, str], None]
STEPS = 4
#: From so few records nothing can be learned; the model's own weights are used then.
ENOUGH_RECORDS = 2_000
#: Pairs of strangers that are compared to learn how alike strangers are: so many per record, within bounds.
RANDOM_PAIRS_PER_RECORD, FEWEST_RANDOM_PAIRS, MOST_RANDOM_PAIRS = 16, 5e5, 2e7
#: Records to learn from at most.
TRAINING_RECORDS = 200_000
#: From fewer pairs a level may be missing by chance.
FEWEST_TRAINING_PAIRS = 100
#: More records than these as one person are a mistake of the data; nothing of them is sure.
LARGEST_PERSON = 10
#: What the model calls the levels of a comparison, best last.
LEVELS = {
    "name": ("different", "half", "close", "near", "same"),
    "birthday": ("different", "near", "same"),
    "phone": ("different", "near", "same"),
    "email": ("different", "near", "near", "same"),
    "address": ("different", "near", "same"),
}
_PAIRS = {
    "left": pl.Int64,
    "right": pl.Int64,
    "probability": pl.Float64,
    "is_sure": pl.Boolean,
} | dict.fromkeys(FIELDS, pl.String)


@dataclass(frozen=True)
class Matches:
    """``pairs``: left < right, probability, is_sure, and per field same, near, close, half, different or missing.

    ``persons``: record and the person it is of, where more than one record is sure to be of that person.
    """

    pairs: pl.DataFrame
    persons: pl.DataFrame


def find_matches(
    records: pl.DataFrame,
    *,
    review_from: float = 0.8,
    link_from: float = 0.99,
    seed: int = 1,
    threads: int | None = None,
    tell: Tell = lambda _step, _steps, _label: None,
) -> Matches:
    """Pairs of records that may be of one person, from a probability of ``review_from`` on.

    ``records`` as for ``prepared``.  Nothing is written to disk.  With too few records to learn from
    (fewer than two, or none alike) there are no pairs.
    """
    logging.getLogger("splink").setLevel(logging.ERROR)
    connection = duckdb.connect(
        ":memory:", config={"temp_directory": "", "autoinstall_known_extensions": False}
    )
    try:
        if threads:
            connection.execute(f"SET threads = {int(threads)}")
        ready = prepared(records)
        tell(1, STEPS, "prepared")
        scored = _scored(ready, connection, review_from=review_from, seed=seed, tell=tell)
    finally:
        connection.close()
    persons = _persons(scored, link_from=link_from)
    tell(STEPS, STEPS, "joined")
    return Matches(_with_sureness(scored, persons, link_from=link_from), persons)


def _scored(
    ready: pl.DataFrame, connection: duckdb.DuckDBPyConnection, *, review_from: float, seed: int, tell: Tell
) -> pl.DataFrame:
    if not any(_pairs_agreeing(ready, columns) for columns in model.BLOCKS):
        return pl.DataFrame(schema={name: kind for name, kind in _PAIRS.items() if name != "is_sure"})
    api = DuckDBAPI(connection)
    linker = Linker(api.register(ready.to_arrow()), model.settings(records=ready.height), log_level=None)
    if ready.height >= ENOUGH_RECORDS:
        _train(linker, ready, seed=seed)
    tell(2, STEPS, "learned")
    scored = linker.inference.predict(threshold_match_probability=review_from, warning_mode="never")
    tell(3, STEPS, "compared")
    return _pairs(pl.from_arrow(scored.as_pyarrow_table()))


def _train(linker: Linker, ready: pl.DataFrame, *, seed: int) -> None:
    training, records = linker.training, ready.height
    if any(_pairs_agreeing(ready, columns) for columns in model.ALMOST_SURE):
        training.estimate_probability_two_random_records_match(
            [block_on(*columns) for columns in model.ALMOST_SURE], recall=model.ALMOST_SURE_RECALL
        )
    pairs = min(max(FEWEST_RANDOM_PAIRS, records * RANDOM_PAIRS_PER_RECORD), MOST_RANDOM_PAIRS)
    training.estimate_u_using_random_sampling(max_pairs=pairs, seed=seed)
    share = min(1.0, TRAINING_RECORDS / records)
    for columns in model.TRAINED_ON:
        # Fields that hardly anybody shares teach nothing about the others.  (A training that fails leaves
        # the linker without the fields it was to train on, so it must not be tried.)
        if _pairs_agreeing(ready, columns) * share**2 >= FEWEST_TRAINING_PAIRS:
            training.estimate_parameters_using_expectation_maximisation(
                block_on(*columns), record_sample_proportion=share
            )


def _pairs_agreeing(ready: pl.DataFrame, columns: tuple[str, ...]) -> int:
    """How many pairs of records agree in all of the fields."""
    sizes = ready.drop_nulls(list(columns)).group_by(columns).len()["len"].cast(pl.Int64)
    return int((sizes * (sizes - 1) // 2).sum())


def _pairs(scored: Any) -> pl.DataFrame:
    words = [
        pl.col(f"gamma_{field}")
        .replace_strict({-1: "missing", **dict(enumerate(LEVELS[field]))})
        .alias(field)
        for field in FIELDS
    ]
    ends = pl.col("record_l"), pl.col("record_r")
    return scored.select(
        pl.min_horizontal(*ends).cast(pl.Int64).alias("left"),
        pl.max_horizontal(*ends).cast(pl.Int64).alias("right"),
        pl.col("match_probability").alias("probability"),
        *words,
    ).sort("left", "right")


def _is_compatible() -> pl.Expr:
    """Whether a pair may be joined without a person: what a family shares is not enough.

    A family has one address, often one phone and one family name, and even given names that are alike.
    Only birthday, email and the whole name are somebody's own: the less of the name agrees, the more of
    these must.
    """

    def agrees(field: str) -> pl.Expr:
        return pl.col(field).is_in(["same", "near"])

    count = pl.sum_horizontal(agrees(field).cast(pl.Int8) for field in FIELDS[1:])
    own = agrees("birthday") | agrees("email")
    is_other_day = pl.col("birthday") == "different"
    # Namesakes under one roof (fathers and sons) are known by their birthdays.
    is_whole = (pl.col("name") == "same") & ~is_other_day
    return (
        pl.when(agrees("name"))
        .then(own | (is_whole & (count >= 1)))
        .when(pl.col("name").is_in(["half", "close"]))
        .then(own & (count >= 2))
        .otherwise(agrees("birthday") & (count >= 2))
    )


def _persons(scored: pl.DataFrame, *, link_from: float) -> pl.DataFrame:
    sure = scored.filter(pl.col("probability") >= link_from, _is_compatible())
    found = components(sure["left"].to_list(), sure["right"].to_list())
    persons = pl.DataFrame({"record": list(found), "person": list(found.values())}, schema=_OWNERS)
    return persons.filter(pl.len().over("person") <= LARGEST_PERSON).sort("record")


_OWNERS = {"record": pl.Int64, "person": pl.Int64}


def components(left: list[int], right: list[int]) -> dict[int, int]:
    """Each record of some edge with the lowest record that edges connect it to."""
    parent: dict[int, int] = {}

    def root(record: int) -> int:
        parent.setdefault(record, record)
        while parent[record] != record:
            parent[record] = parent[parent[record]]
            record = parent[record]
        return record

    for one, other in zip(left, right, strict=True):
        a, b = root(one), root(other)
        parent[max(a, b)] = min(a, b)
    return {record: root(record) for record in list(parent)}


def _with_sureness(scored: pl.DataFrame, persons: pl.DataFrame, *, link_from: float) -> pl.DataFrame:
    known = persons.rename({"record": "left", "person": "left_person"})
    also = persons.rename({"record": "right", "person": "right_person"})
    joined = scored.join(known, on="left", how="left").join(also, on="right", how="left")
    is_sure = (
        (pl.col("left_person") == pl.col("right_person")).fill_null(value=False)
        & (pl.col("probability") >= link_from)
        & _is_compatible()
    )
    return joined.with_columns(is_sure=is_sure).select(*_PAIRS).sort("left", "right")
