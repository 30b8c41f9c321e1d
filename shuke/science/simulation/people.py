"""People with known truth, and corrupted second records of some of them, to judge matching by.

Half have Chinese names, half Latin ones, with frequencies that fall like 1/rank.  A tenth live in
families: two people with one family name, one address and mostly one phone, who must *not* be taken
for one.  A duplicate is the same person written down again with one to three of its five fields
wrong: left out, replaced (moved house, new number, maiden name) or mistyped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl


def _words(text: str) -> list[str]:
    return text.split()


FIELDS = ("name", "birthday", "phone", "email", "address")
_HAN_FAMILY = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢"
    "姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
_HAN_GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建国文博宇轩子涵梓萱浩然欣怡雨桐思远佳琪嘉俊天晨"
    "晓梅雪峰鹏飞海波志永春燕云凤琴丹莉慧玲颖婷倩晶莹瑞凯诚信德良才林森松柏青山泉月星辰宁安康乐和庆福祥瑶蕾"
)
_ONSETS = _words(
    "Bar Ben Bran Car Col Dal Dun Ed El Fal Gar Gil Hal Har Hol Jan Ken Kel Lang Lin Mar Mor Nor Or "
    "Pem Quin Ran Ros Sal Shel Stan Tal Thorn Ul Van Wal Wes Whit Win York"
)
_CODAS = _words(
    "bury by cott den der er ers field ford ham ings ington land ley low man mer more ner ott over "
    "ridge sen shaw son stead stock ston ter thorpe ton vale ville way well wick win wood worth"
)
_GIVEN = _words(
    "James Mary John Linda Robert Susan Michael Karen David Lisa William Nancy Richard Betty Thomas "
    "Sandra Mark Ashley Paul Emily Steven Donna Andrew Carol Kevin Ruth Brian Sharon George Laura "
    "Edward Amy Ronald Anna Daniel Helen Jason Diane Ryan Julie Jacob Alice Gary Joan Nicholas Grace "
    "Eric Rose Jonathan Sofia Stephen Clara Larry Nora Justin Hazel Scott Ivy Brandon Maya Benjamin "
    "Lena Samuel Ella Frank Zoe Gregory Tara Raymond Vera Patrick Iris"
)
_STREETS = _words(
    "Oak Mill Church Park High Station Victoria Green King Queen Bridge West North School Garden Hill"
)
_ROADS = _words("解放 人民 中山 建设 和平 新华 文化 胜利 北京 南京 长江 黄河 朝阳 幸福 光明 育才")
_PLACES = _words("example.com mail.example.com example.net post.example.org example.org")


@dataclass(frozen=True)
class PeopleWorld:
    """How many people, and how their second records are."""

    people: int = 10_000
    #: Share of the people who are written down a second time.
    duplicates: float = 0.3
    #: Share of the people who live in a family of two.
    families: float = 0.1
    #: Shares of second records with one, two and three wrong fields.
    wrong_fields: tuple[float, float, float] = (0.5, 0.35, 0.15)
    #: Of corrupted fields: share left out, share replaced; the rest is mistyped.
    left_out: float = 0.35
    replaced: float = 0.25


def simulate_people(world: PeopleWorld, *, rng: np.random.Generator) -> pl.DataFrame:
    """One row per record: ``record`` (int), ``person`` (int, the truth), and ``FIELDS`` as text, null if unknown."""
    originals = _people(world, rng=rng)
    chosen = rng.choice(world.people, size=round(world.people * world.duplicates), replace=False)
    copies = _corrupted(originals[np.sort(chosen)], world, rng=rng)
    records = pl.concat([originals, copies])
    shuffled = records[rng.permutation(records.height)]
    return shuffled.with_row_index("record").with_columns(pl.col("record").cast(pl.Int64))


def _ranked(values: list[str], size: int, *, rng: np.random.Generator) -> np.ndarray:
    """A draw in which the n-th value comes 1/(n+5) as often."""
    weights = 1 / (np.arange(len(values)) + 5)
    return np.asarray(values, dtype=object)[rng.choice(len(values), size=size, p=weights / weights.sum())]


def _people(world: PeopleWorld, *, rng: np.random.Generator) -> pl.DataFrame:
    count = world.people
    is_han = rng.random(count) < 0.5
    family, given = _names(is_han, rng=rng)
    born = np.datetime64("1945-01-01") + rng.integers(0, 365 * 63, size=count).astype("timedelta64[D]")
    phone, address = _phones(is_han, rng=rng), _addresses(is_han, rng=rng)
    pairs = round(count * world.families / 2)
    heads, partners = np.arange(pairs) * 2, np.arange(pairs) * 2 + 1
    is_han[partners] = is_han[heads]
    _, given[partners] = _names(is_han[partners], rng=rng)
    family[partners], address[partners] = family[heads], address[heads]
    shared = partners[rng.random(pairs) < 0.7]
    phone[shared] = phone[shared - 1]
    frame = pl.DataFrame(
        {
            "person": np.arange(count),
            "name": _full_names(is_han, family, given),
            "birthday": np.datetime_as_string(born, unit="D").astype(object),
            "phone": phone,
            "email": _emails(count, rng=rng),
            "address": address,
        },
        schema_overrides={"person": pl.Int64},
    )
    unknown = {"birthday": 0.15, "phone": 0.05, "email": 0.25, "address": 0.2}
    gaps = {field: pl.Series(rng.random(count) < share) for field, share in unknown.items()}
    return frame.with_columns(
        pl.when(gap).then(None).otherwise(pl.col(field)).alias(field) for field, gap in gaps.items()
    )


def _names(is_han: np.ndarray, *, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    count = len(is_han)
    latin_families = [onset + coda for onset in _ONSETS for coda in _CODAS]
    first, second = (_ranked(list(_HAN_GIVEN), count, rng=rng) for _ in range(2))
    second[rng.random(count) < 0.15] = ""
    family = np.where(
        is_han, _ranked(list(_HAN_FAMILY), count, rng=rng), _ranked(latin_families, count, rng=rng)
    )
    return family, np.where(is_han, first + second, _ranked(_GIVEN, count, rng=rng))


def _full_names(is_han: np.ndarray, family: np.ndarray, given: np.ndarray) -> np.ndarray:
    full: np.ndarray = np.where(is_han, family + given, given + " " + family)
    return full


def _texts(numbers: np.ndarray) -> np.ndarray:
    return numbers.astype(str).astype(object)


def _phones(is_han: np.ndarray, *, rng: np.random.Generator) -> np.ndarray:
    count = len(is_han)
    han = "+861" + _texts(rng.integers(30, 100, count)) + _texts(rng.integers(10_000_000, 100_000_000, count))
    latin = "+1" + _texts(rng.integers(201, 990, count)) + _texts(rng.integers(2_000_000, 10_000_000, count))
    return np.where(is_han, han, latin)


def _emails(count: int, *, rng: np.random.Generator) -> np.ndarray:
    handles = _ranked(_GIVEN, count, rng=rng)
    lowered = np.asarray([handle.lower() for handle in handles], dtype=object)
    return lowered + _texts(rng.integers(10, 10_000_000, count)) + "@" + _ranked(_PLACES, count, rng=rng)


def _addresses(is_han: np.ndarray, *, rng: np.random.Generator) -> np.ndarray:
    count = len(is_han)
    number, flat = _texts(rng.integers(1, 400, count)), _texts(rng.integers(101, 3_000, count))
    han = _ranked(_ROADS, count, rng=rng) + "路" + number + "号" + flat + "室"
    latin = number + " " + _ranked(_STREETS, count, rng=rng) + " Street, Apt " + flat
    return np.where(is_han, han, latin)


def _corrupted(people: pl.DataFrame, world: PeopleWorld, *, rng: np.random.Generator) -> pl.DataFrame:
    """The same people with one to three fields wrong.  A name is never left out."""
    count = people.height
    wrong = np.zeros((count, len(FIELDS)), dtype=bool)
    order = np.argsort(rng.random((count, len(FIELDS))), axis=1)
    how_many = rng.choice([1, 2, 3], size=count, p=world.wrong_fields)
    np.put_along_axis(wrong, order, np.arange(len(FIELDS)) < how_many[:, None], axis=1)
    strangers = _people(PeopleWorld(people=max(count, 1), families=0), rng=rng)[:count]
    columns = {}
    for place, field in enumerate(FIELDS):
        how = rng.random(count)
        is_out = wrong[:, place] & (how < world.left_out) & (field != "name")
        is_new = wrong[:, place] & ~is_out & (how < world.left_out + world.replaced)
        is_typed = wrong[:, place] & ~is_out & ~is_new
        columns[field] = _wrong_values(people[field], strangers[field], (is_out, is_new, is_typed), rng=rng)
        if field == "name":
            columns[field] = _renamed(people[field], strangers[field], columns[field], is_new)
    return people.with_columns(**columns)


def _wrong_values(
    values: pl.Series,
    others: pl.Series,
    kinds: tuple[np.ndarray, np.ndarray, np.ndarray],
    *,
    rng: np.random.Generator,
) -> pl.Series:
    is_out, is_new, is_typed = kinds
    found = values.to_list()
    for place in np.flatnonzero(is_typed):
        if found[place]:
            found[place] = _mistyped(found[place], rng=rng)
    other = others.to_list()
    for place in np.flatnonzero(is_new):
        found[place] = other[place]
    for place in np.flatnonzero(is_out):
        found[place] = None
    return pl.Series(values.name, found, dtype=pl.String)


def _renamed(names: pl.Series, others: pl.Series, found: pl.Series, is_new: np.ndarray) -> pl.Series:
    """Who has a new name keeps half of it: another family name for Latin ones, a courtesy title for Chinese ones."""
    kept = found.to_list()
    for place in np.flatnonzero(is_new):
        name, other = names[int(place)], others[int(place)]
        given, _, family = name.partition(" ")
        # A stranger with a Chinese name lends no family name; then the own one is hyphenated.
        new = other.split(" ")[-1] if " " in other else f"{family}-{family}"
        kept[place] = f"{given} {new}" if family else name[0] + "女士"
    return pl.Series(names.name, kept, dtype=pl.String)


def _mistyped(text: str, *, rng: np.random.Generator) -> str:
    """One letter left out, doubled, replaced by one of the text's own, or swapped with its neighbour."""
    if len(text) < 2:
        return text
    place = int(rng.integers(0, len(text) - 1))
    before, letter, after = text[:place], text[place], text[place + 1 :]
    how = int(rng.integers(0, 4))
    if how == 0:
        return before + after
    if how == 1:
        return before + letter + letter + after
    if how == 2:
        return before + text[int(rng.integers(0, len(text)))] + after
    return before + after[0] + letter + after[1:]
