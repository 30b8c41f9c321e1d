"""What is said of market segments: the telling ones, and nothing of what chance made."""

import numpy as np

from shuke.science.market_verdicts import verdicts

WHOLE = {
    "member_share": 0.2, "revenue_share": 0.2, "index": 1.0, "growth": None, "growth_lower": None,
    "growth_upper": None, "ratings": 0, "rating": None, "return_on_cost": None, "return_lower": None,
}  # fmt: skip


def grown(growth, *, error=0.02):
    return {"growth": growth, "growth_lower": growth - 1.96 * error, "growth_upper": growth + 1.96 * error}


def said(*segments):
    return [str(reading) for reading in verdicts([("Age", WHOLE | row) for row in segments])]


def test_each_sentence_is_about_the_right_segment():
    found = said(
        {"segment": "young", "index": 1.5, "revenue_share": 0.3, **grown(0.30)},
        {"segment": "old", **grown(-0.25), "ratings": 40, "rating": 3.1},
        {
            "segment": "middle",
            **grown(0.01),
            "ratings": 40,
            "rating": 4.4,
            "return_on_cost": 1.5,
            "return_lower": 0.2,
        },
        {
            "segment": "few",
            "member_share": 0.01,
            "index": 9.0,
            **grown(3.0),
            "return_on_cost": 9,
            "return_lower": 8,
        },
    )
    assert [sentence.split("“")[1].split("”")[0] for sentence in found] == [
        "young",
        "young",
        "old",
        "old",
        "middle",
    ]
    assert found[0].startswith(
        "Age “young”: 20% of the members, 30% of the revenue. They are worth 1.5 times"
    )
    assert "+30% (+26% to +34%)" in found[1]
    assert "least satisfied: 3.1 of 5 by 40 members" in found[3]
    assert found[4].endswith("2 times its cost. A control group would tell whether because of it.")


def test_chance_among_many_segments_is_not_talked_about():
    """Forty segments that all grow alike: alarms are raised in fewer than one of ten worlds."""
    rng = np.random.default_rng(3)
    alarms = 0
    for _ in range(100):
        growths = rng.normal(0, 0.05, 40)
        found = said(*({"segment": str(i), **grown(g, error=0.05)} for i, g in enumerate(growths)))
        alarms += any("surely" in sentence for sentence in found)
    assert alarms <= 10


def test_where_nothing_stands_out_it_says_so():
    assert said({"segment": "young"}) == ["No segment stands out: they all buy and grow like the whole."]
    assert said() == ["No segment stands out: they all buy and grow like the whole."]


def named(sentences):
    return [sentence.split("“")[1].split("”")[0] for sentence in sentences]


def test_the_surest_is_named_and_not_the_largest():
    """A large growth of which little is sure is no better news than a small one that is."""
    found = said(
        {"segment": "lucky", **grown(0.60, error=0.25)},
        {"segment": "sure", **grown(0.30)},
        {"segment": "unlucky", **grown(-0.60, error=0.25)},
        {"segment": "surely down", **grown(-0.30)},
        {"segment": "one good week", "return_on_cost": 9.0, "return_lower": 0.1},
        {"segment": "steady", "return_on_cost": 2.0, "return_lower": 1.0},
    )
    assert named(found) == ["sure", "surely down", "steady"]


def test_the_least_that_is_spoken_of():
    """A fiftieth of the members, twenty ratings; a return that may be nothing is none."""
    least = {"segment": "least", "member_share": 0.02, "index": 1.2, "ratings": 20, "rating": 3.0}
    other = {"segment": "other", "ratings": 500, "rating": 4.0, "return_on_cost": 1.0, "return_lower": 0.0}
    assert named(said(least, other)) == ["least", "least"]
    few = {"segment": "few", "ratings": 19, "rating": 1.0}
    assert named(said(least, other, few)) == ["least", "least"]
    assert said(least | {"member_share": 0.0199}, other, few) == said({"segment": "young"})
