"""What a kind of file holds: its fields, what makes a row unique, and how rows become tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

import polars as pl

FieldType = Literal["id", "text", "money", "int", "number", "time", "date", "bool", "choice", "json"]


@dataclass(frozen=True)
class Field:
    """One thing that a column may hold.

    ``words`` are headers under which it is known besides its name.  ``is_personal`` fields name a
    person directly and never reach a report or the lake.  ``choices`` maps every accepted spelling
    (folded) to its value.  ``minimum`` and ``maximum`` are inclusive, money in minor units.
    """

    name: str
    type: FieldType
    label: str
    words: tuple[str, ...] = ()
    is_required: bool = False
    is_personal: bool = False
    minimum: float | None = None
    maximum: float | None = None
    is_absolute: bool = False
    may_be_future: bool = False
    choices: Mapping[str, str] = field(default_factory=dict)
    max_length: int = 500


@dataclass(frozen=True)
class ShapeContext:
    """What shaping needs to know besides the rows."""

    batch_id: str
    account_id: str
    sales_channel: str
    source: str
    currency: str
    business_zone: str
    at: datetime


Tables = Mapping[str, pl.DataFrame]
Shape = Callable[[pl.DataFrame, ShapeContext], Tables]


@dataclass(frozen=True)
class FileKind:
    """A kind of file.  ``key`` names the fields that make a row unique within one file.

    ``one_of`` lists groups of fields of which a mapping needs at least one.  ``shape`` turns checked
    rows (with ``person_key`` where the kind ``names_person``) into lake tables; a kind without a
    shape is landed by another part of the system.  ``person_is_optional`` rows without a person are
    anonymous sales.  ``from_order`` names columns that the caller joins from the orders already in the
    lake, by ``order_no``; rows of unknown orders are put aside.  ``prepare`` numbers
    rows before any is put aside.
    """

    name: str
    label: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    shape: Shape | None = None
    one_of: tuple[tuple[str, ...], ...] = ()
    names_person: bool = False
    person_is_optional: bool = False
    from_order: tuple[str, ...] = ()
    prepare: Callable[[pl.DataFrame], pl.DataFrame] | None = None

    def field(self, name: str) -> Field:
        """The field of that name.  Raises ``KeyError``."""
        for candidate in self.fields:
            if candidate.name == name:
                return candidate
        raise KeyError(f"The kind {self.name} has no field {name!r}.")

    @property
    def field_names(self) -> tuple[str, ...]:
        """All names in order."""
        return tuple(candidate.name for candidate in self.fields)


#: The buyer or member, by any of the identifiers a file may carry, the most reliable first.
PERSON_FIELDS: tuple[Field, ...] = (
    Field(
        "external",
        "id",
        "Customer number",
        is_personal=True,
        max_length=120,
        words=(
            "member",
            "member id",
            "member no",
            "customer",
            "customer id",
            "customer no",
            "customer number",
            "household id",
            "user id",
            "buyer id",
            "client id",
            "会员",
            "会员编号",
            "会员id",
            "会员号",
            "客户编号",
            "客户id",
            "客户号",
            "用户id",
            "买家id",
            "顾客编号",
        ),
    ),
    Field(
        "card",
        "id",
        "Card number",
        is_personal=True,
        max_length=120,
        words=("card no", "card number", "loyalty card", "membership card", "会员卡", "会员卡号", "卡号"),
    ),
    Field(
        "email",
        "text",
        "E-mail",
        is_personal=True,
        max_length=254,
        words=(
            "e-mail",
            "mail",
            "email address",
            "e-mail address",
            "customer email",
            "邮箱",
            "电子邮箱",
            "邮件",
            "电子邮件",
        ),
    ),
    Field(
        "phone",
        "text",
        "Phone",
        is_personal=True,
        max_length=60,
        words=(
            "mobile",
            "phone number",
            "mobile number",
            "mobile phone",
            "telephone",
            "tel",
            "cell",
            "手机",
            "手机号",
            "手机号码",
            "电话",
            "联系电话",
            "会员手机号",
            "移动电话",
        ),
    ),
)
PERSON_FIELD_NAMES = tuple(f.name for f in PERSON_FIELDS)
#: person_key of a sale whose buyer nobody knows; the identity map never holds it.
ANONYMOUS = "anonymous"
OLDEST = date(1900, 1, 1)
