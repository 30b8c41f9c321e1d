"""What is compared, how alike it may be, and which pairs are looked at at all."""

from __future__ import annotations

import splink.comparison_level_library as levels
import splink.comparison_library as comparisons
from splink import SettingsCreator, block_on
from splink.internals.comparison_level_creator import ComparisonLevelCreator

#: A pair is looked at if it agrees in one of these; one mistake per record leaves another way in.
BLOCKS = (
    ("phone",),
    ("email",),
    ("name", "birthday"),
    ("birthday", "family"),
    ("birthday", "given"),
    ("address", "family"),
    ("address", "given"),
    ("name", "year"),
    ("name", "phone_head"),
    ("name", "phone_tail"),
    ("name", "handle"),
)
#: What is learned from pairs that agree in these fields: every other comparison.
TRAINED_ON = (("phone",), ("email",), ("name", "birthday"))
#: Pairs that agree so are nearly always one person; from their number the prior follows.
ALMOST_SURE = (("name", "phone"), ("name", "email"), ("phone", "birthday"))
ALMOST_SURE_RECALL = 0.8


def settings() -> SettingsCreator:
    """The model before training."""
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record",
        comparisons=[_name(), _birthday(), _phone(), _email(), _address()],
        blocking_rules_to_generate_predictions=[block_on(*columns) for columns in BLOCKS],
        retain_matching_columns=True,
        retain_intermediate_calculation_columns=False,
        additional_columns_to_retain=[],
        max_iterations=30,
    )


def _custom(name: str, *grades: ComparisonLevelCreator) -> comparisons.CustomComparison:
    return comparisons.CustomComparison(output_column_name=name, comparison_levels=list(grades))


def _level(sql: str, label: str) -> levels.CustomLevel:
    return levels.CustomLevel(sql, label_for_charts=label)


def _one_slip(field: str, half: int) -> str:
    """One letter more, less, other, or two swapped.

    One slip leaves either the beginning or the end as it was: asking for that first spares nearly all of the
    slow comparisons.
    """
    left, right = f"{field}_l", f"{field}_r"
    return (
        f"abs(length({left}) - length({right})) <= 1 "
        f"AND (left({left}, {half}) = left({right}, {half}) OR right({left}, {half}) = right({right}, {half})) "
        f"AND damerau_levenshtein({left}, {right}) <= 1"
    )


def _name() -> comparisons.CustomComparison:
    """Frequent names weigh less.  A slip in a Chinese name changes a third of it, so it is a level of its own."""
    return _custom(
        "name",
        levels.NullLevel("name"),
        levels.ExactMatchLevel("name", term_frequency_adjustments=True),
        _level(f"NOT is_han_l AND NOT is_han_r AND {_one_slip('name', 3)}", "a slip"),
        _level(f"is_han_l AND is_han_r AND {_one_slip('name', 1)}", "one character"),
        _level("given_l = given_r OR name_l = family_r OR name_r = family_l", "half of it"),
        levels.ElseLevel(),
    )


def _birthday() -> comparisons.CustomComparison:
    return _custom(
        "birthday",
        levels.NullLevel("birthday"),
        levels.ExactMatchLevel("birthday"),
        _level(_one_slip("birthday", 5), "one digit"),
        levels.ElseLevel(),
    )


def _phone() -> comparisons.CustomComparison:
    return _custom(
        "phone",
        levels.NullLevel("phone"),
        levels.ExactMatchLevel("phone"),
        _level(_one_slip("phone", 7), "one digit"),
        levels.ElseLevel(),
    )


def _email() -> comparisons.CustomComparison:
    return _custom(
        "email",
        levels.NullLevel("email"),
        levels.ExactMatchLevel("email"),
        _level("handle_l = handle_r AND length(handle_l) > 5", "same handle"),
        _level(_one_slip("handle", 4), "a slip"),
        levels.ElseLevel(),
    )


def _address() -> comparisons.CustomComparison:
    return _custom(
        "address",
        levels.NullLevel("address"),
        levels.ExactMatchLevel("address"),
        _level(_one_slip("address", 5), "a slip"),
        levels.ElseLevel(),
    )
