"""Columns that no marketing may hold: they are cut out of every upload before it is kept."""

from __future__ import annotations

import re
from collections.abc import Sequence

from shuke.sources.files.layouts.layout import header_key

_FORBIDDEN = re.compile(
    "身份证|身份號碼|证件号|證件號|护照|銀行卡|银行卡|支付宝账|支付寶帳|社保号"
    "|idcard|identitycard|nationalid|passport|socialsecurity|^ssn$|taxidentificationno|pansuffix|"
    "creditcard(no|number)|bankaccount|iban"
)


def forbidden_columns(headers: Sequence[str]) -> list[int]:
    """Positions of columns that hold numbers of identity cards, passports, bank cards or pay accounts.

    >>> forbidden_columns(["订单号", "身份证号码", "ID Card No"])
    [1, 2]
    """
    return [place for place, header in enumerate(headers) if _FORBIDDEN.search(header_key(header))]
