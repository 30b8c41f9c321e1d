"""``shuke recommend evaluate`` on files as people have them: odd headers, odd times, torn, tiny, empty, wrong."""

import gzip
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from shuke.apps.recommendations.adapters import read_history
from shuke.apps.recommendations.operations import adapting
from shuke.apps.recommendations.operations.evaluating import EvaluationSettings, evaluate_strategies
from shuke.config.cli import app
from shuke.science.recommendations.histories import history_of
from shuke.science.recommendations.popularity import Popularity
from shuke.science.recommendations.splits import Cut

pytestmark = pytest.mark.once
FAST = ["--strategies", "popularity,gp-topfreq", "--draws", "100", "--no-tune"]


def run(path, *options):
    return CliRunner().invoke(
        app, ["recommend", "evaluate", str(path), *FAST, *options], catch_exceptions=False
    )


def judged(path, *options):
    result = run(path, "--json", *options)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def town(members=30, baskets=8, seed=2):
    """Everybody has two staples of their own and picks one of ten other things at random."""
    rng = np.random.default_rng(seed)
    rows = [
        (f"m{m:02d}", f"{m}-{b}", item, f"2026-01-{1 + 3 * b:02d}")
        for m in range(members)
        for b in range(baskets)
        for item in (f"staple{m % 15}", f"staple{15 + m % 15}", f"odd{rng.integers(10)}")
    ]
    return pl.DataFrame(rows, schema=["user_id", "order_id", "item_id", "date"], orient="row")


def test_a_file_with_usual_headers_is_judged_and_the_protocol_is_told(tmp_path):
    town().write_csv(tmp_path / "town.csv")
    result = run(tmp_path / "town.csv")
    assert result.exit_code == 0, result.output
    for words in (
        "member = 'user_id'",
        "last basket of each member with 4 or more",
        "Ties",
        "min(|T|, k)",
        "baseline",
    ):
        assert words in result.output
    report = judged(tmp_path / "town.csv", "--cutoffs", "3")
    own = next(row for row in report["strategies"] if row["name"] == "gp-topfreq")
    popular = next(row for row in report["strategies"] if row["name"] == "popularity")
    assert report["judged_members"] == 30
    assert own["figures"]["repeat_recall@3"]["mean"] > 0.85
    assert own["figures"]["ndcg@3"]["low"] > popular["figures"]["ndcg@3"]["high"]
    assert popular["difference"]["high"] < 0
    assert report["protocol"].startswith("the last basket")


def test_flags_of_the_literature_change_what_they_say(tmp_path):
    town().write_parquet(tmp_path / "town.parquet")
    figures = {
        idcg: judged(tmp_path / "town.parquet", "--idcg", idcg, "--cutoffs", "2")["strategies"][1]["figures"]
        for idcg in ("standard", "all", "k")
    }
    assert figures["all"]["ndcg@2"]["mean"] < figures["standard"]["ndcg@2"]["mean"]
    assert figures["k"]["ndcg@2"]["mean"] == figures["standard"]["ndcg@2"]["mean"]
    assert figures["all"]["recall@2"] == figures["standard"]["recall@2"]
    few = judged(tmp_path / "town.parquet", "--minimum-count", "25")
    assert few["vocabulary"] < 40
    assert few["dropped_share"] > 0.5
    month = judged(tmp_path / "town.parquet", "--protocol", "month", "--days", "7")
    assert "last 7 days" in month["protocol"]


def by_hand(folder):
    """Ann's list of two is tea, rice (as often as milk, first by id); Bob's is jam, tea.  Nobody had bought figs."""
    baskets = [
        ("ann", 1, "tea rice"),
        ("ann", 2, "tea milk"),
        ("ann", 3, "tea rice milk figs"),
        ("bob", 1, "jam"),
        ("bob", 2, "jam tea"),
        ("bob", 3, "milk"),
    ]
    rows = [
        (who, f"{who}{day}", item, f"2026-01-0{day}") for who, day, goods in baskets for item in goods.split()
    ]
    table = pl.DataFrame(rows, schema=["user", "basket", "item", "time"], orient="row")
    table.with_columns(item=pl.col("item").replace({"milk": "z-milk", "rice": "m-rice"})).write_csv(
        folder / "f.csv"
    )
    return folder / "f.csv"


@pytest.mark.parametrize(
    ("flags", "figures"),
    [
        # Ann: 2 of the 3 that could be found, Bob: nothing of 1.  nDCG: 1.6309 / 1.6309 and 0.
        ((), {"recall": (2 / 3 + 0) / 2, "precision": 0.5, "hit_rate": 0.5, "ndcg": 0.5, "map": 0.5}),
        # Over all three wanted: 1.6309 / (1 + 0.6309 + 0.5).
        (("--idcg", "all"), {"recall": 1 / 3, "ndcg": 1.63093 / 2.13093 / 2}),
        (("--idcg", "k"), {"recall": 1 / 3, "ndcg": 0.5}),
        # Only tea (3 known baskets) and jam (2) are left: Ann wanted one of them, Bob none.
        (("--minimum-count", "2"), {"recall": 1.0, "precision": 0.5, "ndcg": 1.0}),
        (("--minimum-count", "2", "--idcg", "k"), {"ndcg": 1 / 1.63093}),
    ],
    ids=str,
)
def test_figures_are_those_worked_by_hand(tmp_path, flags, figures):
    usual = ("--minimum-count", "1") if "--minimum-count" not in flags else ()
    report = judged(by_hand(tmp_path), "--cutoffs", "2", "--minimum-baskets", "3", *usual, *flags)
    own = next(row["figures"] for row in report["strategies"] if row["name"] == "gp-topfreq")
    for metric, value in figures.items():
        assert own[f"{metric}@2"]["mean"] == pytest.approx(value, abs=1e-5), metric
    assert report["dropped_share"] == pytest.approx(0.8 if "--minimum-count" in flags else 0.2)


def test_the_same_file_in_another_order_with_repeats_gives_the_same_figures(tmp_path):
    table = town()
    table.write_csv(tmp_path / "a.csv")
    pl.concat([table.sample(fraction=1, shuffle=True, seed=5), table.head(40)]).write_csv(tmp_path / "b.csv")
    one, two = judged(tmp_path / "a.csv"), judged(tmp_path / "b.csv")
    assert [row["figures"] for row in one["strategies"]] == [row["figures"] for row in two["strategies"]]
    assert "40 rows repeat another" in two["file"]["notes"][0]


@pytest.mark.parametrize(
    ("times", "note"),
    [
        (lambda day: day, "number of days"),
        (lambda day: 20260100 + day, "YYYYMMDD"),
        (lambda day: 1_767_225_600 + day * 86_400, "'time' is read as seconds"),
        (lambda day: (1_767_225_600 + day * 86_400) * 1_000, "milliseconds"),
        (lambda day: (1_767_225_600 + day * 86_400) * 1_000_000_000, "nanoseconds"),
        (lambda day: f"2026-01-{day:02d}T09:30:00Z", ""),
        (lambda day: f"2026-01-{day:02d}T07:30:00+08:00", "left out"),
        (lambda day: f"2026/1/{day} 9:30", ""),
        (lambda day: f"2026年01月{day:02d}日", ""),
    ],
)
def test_times_of_every_kind_give_the_same_baskets(tmp_path, times, note):
    rows = [(u, times(day), i) for u in (1, 2) for day in (1, 5, 9, 20) for i in ("茶", "米")]
    pl.DataFrame(rows, schema=["用户", "time", "商品"], orient="row").write_csv(tmp_path / "f.csv")
    report = judged(tmp_path / "f.csv", "--minimum-count", "1")
    assert report["baskets"] == 8
    assert report["judged_members"] == 2
    assert "No basket column" in report["file"]["notes"][0]
    assert note in " ".join(report["file"]["notes"])
    assert report["strategies"][1]["figures"]["recall@5"]["mean"] == 1


def test_day_baskets_join_the_receipts_of_a_day(tmp_path):
    rows = [(1, 10 * d + r, f"i{r}", d) for d in range(6) for r in range(2)]
    pl.DataFrame(rows, schema=["user", "basket", "item", "day"], orient="row").write_csv(tmp_path / "f.csv")
    assert judged(tmp_path / "f.csv", "--minimum-count", "1")["baskets"] == 12
    assert judged(tmp_path / "f.csv", "--minimum-count", "1", "--day-baskets")["baskets"] == 6


def test_a_day_is_that_of_the_clock_on_the_wall(tmp_path):
    rows = [
        (u, f"2026-01-{d:02d}T{h}:30:00+08:00", i)
        for u in (1, 2)
        for d in (1, 3, 5, 7)
        for h, i in (("07", "a"), ("21", "b"))
    ]
    pl.DataFrame(rows, schema=["user", "time", "item"], orient="row").write_csv(tmp_path / "f.csv")
    assert judged(tmp_path / "f.csv", "--minimum-count", "1")["baskets"] == 8


def test_only_purchases_count_where_views_are_told_apart(tmp_path):
    bought = town().with_columns(event_type=pl.lit("purchase"))
    seen = bought.with_columns(item_id=pl.lit("seen"), event_type=pl.lit("view"))
    pl.concat([bought, seen]).write_csv(tmp_path / "f.csv")
    town().write_csv(tmp_path / "plain.csv")
    one, two = judged(tmp_path / "f.csv"), judged(tmp_path / "plain.csv")
    assert one["lines"] == two["lines"]
    assert "720 rows that 'event_type' says are no purchases are left out." in one["file"]["notes"]
    pl.concat([bought, seen]).with_columns(event_type=pl.lit("scan")).write_csv(tmp_path / "g.csv")
    assert judged(tmp_path / "g.csv")["lines"] > two["lines"]


def test_of_many_members_some_are_drawn_and_it_is_told(tmp_path):
    town().write_csv(tmp_path / "town.csv")
    result = run(tmp_path / "town.csv", "--most-members", "10")
    assert "10 of 30 members; drawn by chance (--most-members 0 for all)" in result.output
    assert judged(tmp_path / "town.csv", "--most-members", "0")["judged_members"] == 30


def test_rows_with_holes_are_left_out_and_counted(tmp_path):
    lines = town().write_csv().splitlines()
    lines[1] = lines[1].replace("m00", "")
    lines[2] = lines[2].replace("2026-01-01", "some day")
    (tmp_path / "f.csv").write_text("\n".join(lines), encoding="utf-8")
    left_out = judged(tmp_path / "f.csv")["file"]["left_out"]
    assert left_out == {"rows without a readable member": 1, "rows without a readable time": 1}


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ("", (), "The file is empty"),
        ("user,item,time\n", (), "no rows"),
        ("who,what,when\n1,2,3\n", (), "No column for member and item and time"),
        ("who,what,when\n1,2,3\n", ("--member", "whom"), "There is no column 'whom'"),
        ("user,item,time\n1,a,soon\n2,b,later\n", (), "first cell is 'soon'"),
        (
            "user,item,time\n" + "".join(f"1,a,2026-01-0{day}\n" for day in range(1, 5)),
            ("--protocol", "month", "--days", "28"),
            "The file holds 4 days, and the last 28 are asked for",
        ),
        (
            "user,item,time\n1,a,1\n",
            ("--strategies", "all,best"),
            "There is no strategy 'best'",
        ),
        (
            "user,item,time\n" + "".join(f"1,a,2026-01-0{day}\n" for day in range(1, 5)),
            ("--minimum-count", "10"),
            "No item is in 10 baskets",
        ),
        ("user,item,time\n1,a,1\n2,b,2\n", ("--minimum-count", "1"), "Every member has one basket only"),
        ("user,item,time\n1,a,1\n1,a,2\n", ("--minimum-count", "1"), "the most anybody has is 2"),
        ("user,item,time\n1,a,1\n1,a,2\n", ("--strategies", "magic"), "There is no strategy 'magic'"),
        (
            "196,242,3,881250949\n186,302,3,891717742\n",
            (),
            "The first row holds values (196, 242, 3, 881250949)",
        ),
        ("1::1193::5::978300760\n1::661::3::978302109\n", (), "stand between '::'"),
        ('{"user": 1, "item": 2}\n{"user": 1, "item": 3}\n', (), "holds JSON"),
        ("user,item,time,action\n1,a,1,0\n1,b,2,3\n", ("--bought", "2"), "No row has '2' in 'action'"),
        ("user,item,time\n1,a,1\n", ("--bought", "2"), "no column of events for --bought"),
        (
            "user,item,time\n1,a,1\n1,b,9\n",
            ("--minimum-count", "1", "--minimum-baskets", "2"),
            "Nothing that members bought in the end is in the vocabulary",
        ),
    ],
)
def test_a_file_that_cannot_be_judged_is_refused_with_the_mend(tmp_path, text, options, says):
    (tmp_path / "f.csv").write_text(text, encoding="utf-8")
    result = run(tmp_path / "f.csv", *options)
    assert result.exit_code == 1
    assert says in result.output
    assert "Traceback" not in result.output


def test_the_value_of_an_event_that_means_a_purchase_can_be_told(tmp_path):
    bought = town().with_columns(action_type=pl.lit(2))
    seen = bought.with_columns(item_id=pl.lit("seen"), action_type=pl.lit(0))
    pl.concat([bought, seen]).write_csv(tmp_path / "f.csv")
    report = judged(tmp_path / "f.csv", "--bought", "2")
    assert report["lines"] == 720 - report["file"]["rows"] + 1440
    assert "720 rows that 'action_type' says are no purchases are left out." in report["file"]["notes"]
    silent = judged(tmp_path / "f.csv")
    assert silent["lines"] > report["lines"]
    assert any("(0, 2): all rows count, or --bought VALUE" in note for note in silent["file"]["notes"])


def test_days_without_a_year_lie_as_far_apart_as_they_do(tmp_path):
    dated = town().with_columns(date=pl.col("date").str.to_date() + pl.duration(days=20))
    dated.write_csv(tmp_path / "dated.csv")
    short = dated.with_columns(date=pl.col("date").dt.strftime("%m%d").cast(pl.Int64))
    short.write_csv(tmp_path / "short.csv")
    options = ("--strategies", "personal-frequency")
    one, two = (judged(tmp_path / f"{name}.csv", *options) for name in ("dated", "short"))
    assert "'date' is read as MMDD of one year." in two["file"]["notes"]
    assert two["strategies"][0]["figures"] == one["strategies"][0]["figures"]


def test_a_row_may_hold_a_list_of_items_and_no_number_is_nobody(tmp_path):
    town().write_parquet(tmp_path / "lines.parquet")
    rows = town().group_by("user_id", "order_id", "date", maintain_order=True).agg("item_id")
    rows.write_parquet(tmp_path / "lists.parquet")
    one, two = judged(tmp_path / "lines.parquet"), judged(tmp_path / "lists.parquet")
    assert [row["figures"] for row in one["strategies"]] == [row["figures"] for row in two["strategies"]]
    nested = rows.with_columns(user_id=pl.concat_list("user_id"))
    nested.write_parquet(tmp_path / "nested.parquet")
    result = run(tmp_path / "nested.parquet")
    assert result.exit_code == 1
    assert "The column of the member holds lists or records" in result.output
    numbers = town().with_columns(user_id=pl.col("user_id").str.slice(1).cast(pl.Float64))
    holes = numbers.with_columns(
        user_id=pl.when(pl.col("user_id") == 3).then(float("nan")).otherwise("user_id")
    )
    holes.write_parquet(tmp_path / "holes.parquet")
    report = judged(tmp_path / "holes.parquet")
    assert report["members"] == 29
    assert report["file"]["left_out"] == {"rows without a readable member": 24}


def test_lists_leave_out_what_was_bought_where_nothing_is_bought_again(tmp_path):
    films = [(m, f"film{m % 5}-{(k + m // 5) % 8}", 1 + k) for m in range(30) for k in range(8)]
    pl.DataFrame(films, schema=["user", "movie", "day"], orient="row").write_csv(tmp_path / "once.csv")
    town().write_csv(tmp_path / "often.csv")
    least = ("--minimum-count", "1")
    report = judged(tmp_path / "once.csv", *least)
    assert report["repeat_share"] == 0
    assert report["only_new"] is True
    own = report["strategies"][1]["figures"]
    assert own["ndcg@10"] == own["new_ndcg@10"]
    assert "lists leave out what the member had bought" in run(tmp_path / "once.csv", *least).output
    kept = judged(tmp_path / "once.csv", "--bought-before", "list", *least)
    assert kept["strategies"][1]["figures"]["ndcg@10"]["mean"] < own["ndcg@10"]["mean"]
    often = judged(tmp_path / "often.csv")
    assert (often["only_new"], often["repeat_share"] > 0.4) == (False, True)


@dataclass(frozen=True)
class Noting:
    """Notes how many lines it learns from, and offers what is popular."""

    lines: list[int]
    name: str = "discovery"

    def fit(self, history, *, rng):
        self.lines.append(history.lines)
        return Popularity().fit(history, rng=rng)


def test_rankers_learn_from_some_members_of_a_large_history_and_it_is_told(tmp_path):
    town(members=60).write_csv(tmp_path / "town.csv")
    how = {"columns": {}, "day_baskets": False, "date_order": "ymd", "at": datetime(2026, 5, 1, tzinfo=UTC)}
    history = read_history(tmp_path / "town.csv", **how).history
    lines = []
    settings = EvaluationSettings(
        cut=Cut(minimum_count=1),
        strategies=["popularity", "discovery"],
        own={"discovery": lambda: (Noting(lines),)},
        most_members=20,
        ranker_lines=600,
        draws=100,
    )
    report = evaluate_strategies(history, settings)
    assert report.ranker_lines == 600
    # Validation asks all 60 members, whose baskets all are kept; the test asks 20, with 7 baskets of 3 lines each.
    assert lines == [60 * 6 * 3, 600 - 600 % 21]
    small = evaluate_strategies(history, replace(settings, ranker_lines=10_000))
    assert small.ranker_lines == 0
    assert lines[2:] == [60 * 6 * 3, 60 * 7 * 3]
    assert small.strategies[0].figures == report.strategies[0].figures


def test_a_picture_is_no_file_of_purchases(tmp_path):
    (tmp_path / "f.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 100)
    result = run(tmp_path / "f.csv")
    assert result.exit_code == 1
    assert "PNG image, not a table" in result.output


def test_every_strategy_runs_on_a_small_town_and_none_fails_on_strangers(tmp_path):
    town(members=12, baskets=5).write_csv(tmp_path / "town.csv")
    report = judged(tmp_path / "town.csv", "--strategies", "all", "--minimum-count", "1", "--cutoffs", "2")
    assert len(report["strategies"]) >= 16
    best = {row["name"]: row["figures"]["ndcg@2"]["mean"] for row in report["strategies"]}
    assert best["personal-frequency"] > best["popularity"]


def test_a_packed_file_is_that_which_is_in_it(tmp_path):
    town().write_csv(tmp_path / "town.csv")
    (tmp_path / "town.csv.gz").write_bytes(gzip.compress((tmp_path / "town.csv").read_bytes()))
    plain, packed = judged(tmp_path / "town.csv"), judged(tmp_path / "town.csv.gz")
    assert packed["strategies"][1]["figures"] == plain["strategies"][1]["figures"]
    (tmp_path / "torn.csv.gz").write_bytes((tmp_path / "town.csv.gz").read_bytes()[:200])
    result = run(tmp_path / "torn.csv.gz")
    assert result.exit_code == 1
    assert "cannot be unpacked whole" in result.output


@pytest.mark.parametrize(
    ("pattern", "words"), [("%-m/%-d/%Y", "month/day/year"), ("%d.%m.%Y 08:26", "day/month/year")]
)
def test_the_order_of_dates_is_told_where_the_file_leaves_no_doubt(tmp_path, pattern, words):
    rows = town()
    rows.write_csv(tmp_path / "plain.csv")
    dates = rows["date"].str.to_date()
    rows.with_columns(date=dates.dt.strftime(pattern)).write_csv(tmp_path / "written.csv")
    report = judged(tmp_path / "written.csv")
    assert words in " ".join(report["file"]["notes"])
    assert report["strategies"][1]["figures"] == judged(tmp_path / "plain.csv")["strategies"][1]["figures"]
    # No day above the twelfth: either order fits, and nobody guesses.
    dates = rows.filter(dates.dt.day() <= 12)["date"].str.to_date()
    rows.filter(rows["date"].str.to_date().dt.day() <= 12).with_columns(
        date=dates.dt.strftime(pattern)
    ).write_csv(tmp_path / "doubtful.csv")
    result = run(tmp_path / "doubtful.csv")
    assert result.exit_code == 1
    assert "--date-order dmy or mdy" in result.output


def test_what_was_given_back_was_not_bought(tmp_path):
    rows = town().with_columns(quantity=pl.lit(2))
    rows.write_csv(tmp_path / "bought.csv")
    back = rows.head(5).with_columns(quantity=pl.lit(-2), order_id="C" + pl.col("order_id"))
    pl.concat([rows, back]).write_csv(tmp_path / "with_returns.csv")
    report = judged(tmp_path / "with_returns.csv")
    assert report["file"]["left_out"] == {"rows that were given back (a quantity below zero)": 5}
    assert report["strategies"] == [
        row | {name: mine[name] for name in ("seconds_to_fit", "seconds_to_list")}
        for row, mine in zip(judged(tmp_path / "bought.csv")["strategies"], report["strategies"], strict=True)
    ]


def test_validation_says_which_strategy_it_would_choose_and_what_is_below_the_simple_rule(tmp_path):
    town().write_csv(tmp_path / "town.csv")
    options = ["--strategies", "popularity,gp-topfreq", "--draws", "100"]
    result = CliRunner().invoke(app, ["recommend", "evaluate", str(tmp_path / "town.csv"), *options])
    assert "test, nothing of it used): gp-topfreq, nDCG@10" in result.output
    assert "Below gp-topfreq" in result.output
    told = CliRunner().invoke(app, ["recommend", "evaluate", str(tmp_path / "town.csv"), *options, "--json"])
    report = json.loads(told.stdout)
    assert report["chosen"] == "gp-topfreq"
    assert report["validation"]["popularity"] < report["validation"]["gp-topfreq"] <= 1
    # Chosen without the test: another last basket changes nothing of it.
    rows = town()
    last = pl.col("date") == rows["date"].max()
    rows.with_columns(item_id=pl.when(last).then(pl.lit("odd1")).otherwise("item_id")).write_csv(
        tmp_path / "odd.csv"
    )
    told = CliRunner().invoke(app, ["recommend", "evaluate", str(tmp_path / "odd.csv"), *options, "--json"])
    assert json.loads(told.stdout)["validation"] == report["validation"]
    assert judged(tmp_path / "town.csv")["chosen"] == ""


def test_with_a_catalogue_new_products_are_judged_by_what_they_are(tmp_path):
    start = pl.lit("2026-01-01").str.to_date()
    rows = town().with_columns(date=start + 3 * (pl.col("date").str.to_date() - start))
    new = rows.filter(pl.col("date") == rows["date"].max()).with_columns(item_id=pl.lit("odd_new"))
    pl.concat([rows, new]).write_csv(tmp_path / "town.csv")
    items = sorted({*rows["item_id"].to_list(), "odd_new"})
    kinds = pl.DataFrame({"SKU": items, "品类": [i[:3] for i in items], "Brand": "house", "商品名称": items})
    kinds.write_csv(tmp_path / "catalogue.csv")
    result = run(tmp_path / "town.csv", "--catalogue", str(tmp_path / "catalogue.csv"))
    assert "Lists of 10 new products" in result.output, result.output
    told = judged(tmp_path / "town.csv", "--catalogue", str(tmp_path / "catalogue.csv"))["new_products"]
    assert (told["members"], told["products"], told["unknown"]) == (30, 2, 0)
    assert told["hit"]["new-products"]["mean"] == 1.0
    kinds.select("Brand").write_csv(tmp_path / "nameless.csv")
    result = run(tmp_path / "town.csv", "--catalogue", str(tmp_path / "nameless.csv"))
    assert result.exit_code == 1
    assert "No column of nameless.csv names the item" in result.output


@dataclass(frozen=True)
class Backwards:
    """The same list for everybody, by name."""

    name: str = "fusion"

    items: int = 0

    def fit(self, history, *, rng):
        return replace(self, items=history.items)

    def scores(self, members, at):
        # Of the items by name, odd ones come before staples.
        return np.tile(-np.arange(self.items, dtype=np.float32), (len(members), 1))


def test_a_hybrid_that_is_worse_on_validation_answers_as_the_best_single_one():
    lines = town(members=40).select(
        member="user_id", basket="order_id", item="item_id", time=pl.col("date").str.to_date()
    )
    history = history_of(lines)
    settings = EvaluationSettings(
        cut=Cut(minimum_count=1),
        strategies=["popularity", "gp-topfreq", "fusion"],
        own={"fusion": lambda: (Backwards(),)},
        draws=100,
    )
    rows = {row.name: row for row in evaluate_strategies(history, settings).strategies}
    assert rows["fusion"].answered_by == "gp-topfreq"
    assert rows["fusion"].figures == rows["gp-topfreq"].figures
    assert rows["fusion"].difference.mean == 0
    alone = evaluate_strategies(history, replace(settings, strategies=["fusion"]))
    assert alone.strategies[0].answered_by == "personal-frequency"
    assert set(alone.validation) == {"fusion"}
    for own in (replace(settings, is_tuned=False), replace(settings, falls_back=False)):
        fused = evaluate_strategies(history, own).strategies[2]
        assert fused.answered_by == ""
        assert fused.figures["ndcg@10"].mean < 0.5 * rows["fusion"].figures["ndcg@10"].mean


def test_a_small_file_needs_fewer_baskets_of_an_item(tmp_path):
    town(members=6, baskets=8).write_csv(tmp_path / "small.csv")
    assert "items in 3 known baskets or more" in judged(tmp_path / "small.csv")["protocol"]
    town(members=60).write_csv(tmp_path / "town.csv")
    assert "items in 10 known baskets or more" in judged(tmp_path / "town.csv")["protocol"]
    told = judged(tmp_path / "small.csv", "--minimum-count", "2")
    assert "items in 2 known baskets or more" in told["protocol"]


def test_what_is_drawn_or_left_out_of_a_large_history_is_told(monkeypatch, tmp_path):
    town(members=40).write_csv(tmp_path / "town.csv")
    options = ["recommend", "evaluate", str(tmp_path / "town.csv"), "--strategies", "up-cf,gp-topfreq"]
    assert "Adapted" not in CliRunner().invoke(app, options).output
    monkeypatch.setattr(adapting, "MEMBERS", 30)
    said = CliRunner().invoke(app, options).output
    assert "Adapted    Parameters are chosen by 30 members" in said
