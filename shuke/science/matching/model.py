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


#: Share of records that have a second one, where too few agree to tell.
USUAL_DUPLICATES = 0.1


def settings(*, records: int) -> SettingsCreator:
    """The model before training, for so many records."""
    return SettingsCreator(
        probability_two_random_records_match=min(0.5, 2 * USUAL_DUPLICATES / max(records, 1)),
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


def _level(sql: str, label: str, *, m: float, u: float) -> ComparisonLevelCreator:
    level = levels.CustomLevel(sql, label_for_charts=label)
    return level.configure(m_probability=m, u_probability=u)


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
        levels.ExactMatchLevel("name", term_frequency_adjustments=True).configure(
            m_probability=0.8, u_probability=0.0005
        ),
        _level(f"NOT is_han_l AND NOT is_han_r AND {_one_slip('name', 3)}", "a slip", m=0.1, u=0.0001),
        _level(f"is_han_l AND is_han_r AND {_one_slip('name', 1)}", "one character", m=0.03, u=0.005),
        _level("given_l = given_r OR name_l = family_r OR name_r = family_l", "half of it", m=0.05, u=0.01),
        levels.ElseLevel().configure(m_probability=0.02, u_probability=0.9844),
    )


def _birthday() -> comparisons.CustomComparison:
    return _graded("birthday", _one_slip("birthday", 5), same=(0.85, 0.00005), near=(0.08, 0.002))


def _phone() -> comparisons.CustomComparison:
    return _graded("phone", _one_slip("phone", 7), same=(0.75, 0.000002), near=(0.05, 0.000001))


def _email() -> comparisons.CustomComparison:
    return _custom(
        "email",
        levels.NullLevel("email"),
        levels.ExactMatchLevel("email").configure(m_probability=0.75, u_probability=0.000001),
        _level("handle_l = handle_r AND length(handle_l) > 5", "same handle", m=0.03, u=0.000001),
        _level(_one_slip("handle", 4), "a slip", m=0.05, u=0.000002),
        levels.ElseLevel().configure(m_probability=0.17, u_probability=0.999996),
    )


def _address() -> comparisons.CustomComparison:
    return _graded("address", _one_slip("address", 5), same=(0.65, 0.000002), near=(0.1, 0.000002))


def _graded(
    field: str, near_sql: str, *, same: tuple[float, float], near: tuple[float, float]
) -> comparisons.CustomComparison:
    """Same, one slip, different; (m, u) of the first two, which training replaces where there is enough to learn."""
    rest = (1 - same[0] - near[0], 1 - same[1] - near[1])
    return _custom(
        field,
        levels.NullLevel(field),
        levels.ExactMatchLevel(field).configure(m_probability=same[0], u_probability=same[1]),
        _level(near_sql, "a slip", m=near[0], u=near[1]),
        levels.ElseLevel().configure(m_probability=rest[0], u_probability=rest[1]),
    )
