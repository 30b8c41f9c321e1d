"""Chinese addresses in parts: province, city, district, town, road, number, building, unit, room."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from shuke.sources.cleaning.concealment import concealment
from shuke.sources.cleaning.widths import narrowed, unguarded

#: Short name of a province-level division → its full name.
PROVINCES = {
    "北京": "北京市",
    "天津": "天津市",
    "上海": "上海市",
    "重庆": "重庆市",
    "河北": "河北省",
    "山西": "山西省",
    "辽宁": "辽宁省",
    "吉林": "吉林省",
    "黑龙江": "黑龙江省",
    "江苏": "江苏省",
    "浙江": "浙江省",
    "安徽": "安徽省",
    "福建": "福建省",
    "江西": "江西省",
    "山东": "山东省",
    "河南": "河南省",
    "湖北": "湖北省",
    "湖南": "湖南省",
    "广东": "广东省",
    "海南": "海南省",
    "四川": "四川省",
    "贵州": "贵州省",
    "云南": "云南省",
    "陕西": "陕西省",
    "甘肃": "甘肃省",
    "青海": "青海省",
    "台湾": "台湾省",
    "内蒙古": "内蒙古自治区",
    "广西": "广西壮族自治区",
    "西藏": "西藏自治区",
    "宁夏": "宁夏回族自治区",
    "新疆": "新疆维吾尔自治区",
    "香港": "香港特别行政区",
    "澳门": "澳门特别行政区",
}
MUNICIPALITIES = frozenset({"北京市", "天津市", "上海市", "重庆市"})
_PROVINCE = re.compile("|".join(f"{full}|{short}省?" for short, full in PROVINCES.items()))
_STEPS = (
    ("city", re.compile(r"[^市区县旗路街号]{1,12}?(?:自治州|地区|盟|市)")),
    ("district", re.compile(r"[^区县旗市路街号]{1,12}?(?:自治县|自治旗|新区|林区|区|县|旗|市)")),
    ("town", re.compile(r"[^路号]{1,12}?(?:街道办事处|街道|镇|乡|苏木)")),
    ("road", re.compile(r"[^号栋幢座]{1,20}?(?:大道|公路|胡同|路|街|巷|弄|道|里|村)")),
    ("number", re.compile(r"\d+弄(?:\d+号(?!楼|院))?|\d+(?:[-之]\d+)?号(?!楼|院)")),
    ("building", re.compile(r"[^单室]{0,20}?(?:\d+|[A-Za-z一二三四五六七八九十]+)(?:号楼|号院|栋|幢|座|楼)")),
    ("unit", re.compile(r"(?:\d+|[A-Za-z一二三四五六七八九十]+)单元")),
    ("room", re.compile(r"(?:\d+[层楼])?[A-Za-z]?\d{3,5}[A-Za-z]?(?:室|号|房)?|\d+[层楼]")),
)


@dataclass(frozen=True)
class Address:
    """The parts that were found, in their order; ``rest`` is what no part took."""

    province: str = ""
    city: str = ""
    district: str = ""
    town: str = ""
    road: str = ""
    number: str = ""
    building: str = ""
    unit: str = ""
    room: str = ""
    rest: str = ""

    def __str__(self) -> str:
        parts = [getattr(self, part.name) for part in fields(self)]
        if self.city == self.province:
            parts[1] = ""
        return "".join(parts)


def parsed_address(text: str) -> Address | None:
    """The parts of a Chinese address; ``None`` for a masked one and for what names no province or city.

    >>> parsed_address("广东 深圳市南山区 科技园街道 科苑路 15号 3栋 2单元 1201室").district
    '南山区'
    """
    bare = re.sub(r"[\s,，、;；]+", "", unguarded(narrowed(text)))
    if not bare or concealment(text):
        return None
    found: dict[str, str] = {}
    province = _PROVINCE.match(bare)
    if province:
        short = province.group().removesuffix("省")
        found["province"] = PROVINCES.get(short, province.group())
        bare = bare[province.end() :]
        # Exports write a municipality twice: 北京 北京市 朝阳区.
        if found["province"] in MUNICIPALITIES:
            found["city"] = found["province"]
            bare = bare.removeprefix(found["city"])
    for name, pattern in _STEPS:
        match = pattern.match(bare) if name not in found else None
        if match and match.group() != "市":
            found[name] = match.group()
            bare = bare[match.end() :]
    return Address(**found, rest=bare) if found.get("province") or found.get("city") else None
