from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.sources.cleaning.addresses import PROVINCES, parsed_address
from shuke.sources.cleaning.birthdays import normalised_birthday
from shuke.sources.cleaning.names import is_placeholder_name, name_key, normalised_name

TODAY = date(2026, 11, 27)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (" 王　小明 先生", "王小明"),
        ("欧阳 锋", "欧阳锋"),
        ("阿不都・热合曼", "阿不都·热合曼"),
        ("Mr. Bob Ray", "Bob Ray"),
        ("ANN  LEE", "Ann Lee"),
        ("McDonald", "McDonald"),
        ("张*", None),
        ("测试", None),
        ("先生", None),
        ("12345", None),
        ("test", None),
        ("", None),
    ],
)
def test_names(text, name):
    assert normalised_name(text) == name


def test_name_keys_forget_case_accents_and_order():
    assert name_key("Müller, Ann") == name_key("ann MULLER")
    assert name_key("王小明") != name_key("王小红")


@given(st.text(max_size=40))
@settings(max_examples=50)
def test_a_normalised_name_is_no_placeholder_and_stays(text):
    name = normalised_name(text)
    if name is not None:
        assert not is_placeholder_name(name)
        again = normalised_name(name)
        assert again is None or normalised_name(again) == again


@pytest.mark.parametrize(
    ("text", "day", "month_day"),
    [
        ("1990-01-31", date(1990, 1, 31), "01-31"),
        ("1990/1/3", date(1990, 1, 3), "01-03"),
        ("19900131", date(1990, 1, 31), "01-31"),
        ("1990年1月31日", date(1990, 1, 31), "01-31"),
        ("1990-01-31 00:00:00", date(1990, 1, 31), "01-31"),
        ("33000", date(1990, 5, 7), "05-07"),
        ("01-31", None, "01-31"),
        ("2月29日", None, "02-29"),
        ("农历八月十五", None, "08-15"),
        ("腊月廿三", None, "12-23"),
        ("1990年八月十五", date(1990, 10, 3), "08-15"),
        ("农历1990年闰五月初一", date(1990, 6, 23), "05-01"),
    ],
)
def test_birthdays(text, day, month_day):
    found = normalised_birthday(text, today=TODAY)
    assert found is not None
    assert (found.day, found.month_day) == (day, month_day)
    assert found.is_lunar == ("月" in text and not text.endswith("日"))


@pytest.mark.parametrize(
    "text",
    [
        "1900-01-01",
        "1970-01-01",
        "2030-01-01",
        "1880-01-01",
        "1990-02-30",
        "农历1991年闰五月初一",
        "三十",
        "?",
        "",
    ],
)
def test_no_birthdays(text):
    assert normalised_birthday(text, today=TODAY) is None


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "广东 深圳市南山区 科技园街道 科苑路 15号 3栋 2单元 1201室",
            ("广东省", "深圳市", "南山区", "科技园街道", "科苑路", "15号", "3栋", "2单元", "1201室", ""),
        ),
        (
            "北京 北京市 朝阳区 建国路88号SOHO现代城A座1203",
            ("北京市", "北京市", "朝阳区", "", "建国路", "88号", "SOHO现代城A座", "", "1203", ""),
        ),
        (
            "江苏省苏州市昆山市花桥镇绿地大道231弄5号楼1202室",
            ("江苏省", "苏州市", "昆山市", "花桥镇", "绿地大道", "231弄", "5号楼", "", "1202室", ""),
        ),
        (
            "新疆伊犁哈萨克自治州伊宁市",
            ("新疆维吾尔自治区", "伊犁哈萨克自治州", "伊宁市", "", "", "", "", "", "", ""),
        ),
        ("深圳市福田区福华三路", ("", "深圳市", "福田区", "", "福华三路", "", "", "", "", "")),
    ],
)
def test_addresses(text, parts):
    found = parsed_address(text)
    assert found is not None
    assert tuple(vars(found).values()) == parts
    assert parsed_address(str(found)) == found


@pytest.mark.parametrize("text", ["1 Main St", "北京市朝阳区***", "##bXk3d0==", "", "收货地址"])
def test_no_addresses(text):
    assert parsed_address(text) is None


def test_every_province_is_known_by_both_names():
    assert len(PROVINCES) == 34
    for short, full in PROVINCES.items():
        assert parsed_address(short + "某某市").province == parsed_address(full + "某某市").province == full
