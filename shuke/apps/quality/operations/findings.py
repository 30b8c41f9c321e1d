"""What the rules find in the lake, in imports and among members."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from shuke.apps.connections.queries import batches_page
from shuke.apps.identity.queries import addresses
from shuke.apps.members.queries import living_member_ids, profiles_in_clear
from shuke.platform.batches import in_batches
from shuke.platform.clock import business_date
from shuke.platform.crypto import keyed_hash
from shuke.platform.retailer.queries import retailer
from shuke.platform.warehouse import lake
from shuke.sources.cleaning.birthdays import is_plausible
from shuke.sources.cleaning.consistency import far_lines, sum_mismatches, unknown_products
from shuke.sources.cleaning.duplicates import alike_products, repeated_orders
from shuke.sources.cleaning.emails import mended_email
from shuke.sources.cleaning.names import is_placeholder_name

#: Facts of so many days are looked at; what is older was looked at when it was new.
WINDOW_DAYS = 95
#: More of one rule nobody reads; the heaviest are kept.
MOST = 500
ORDER_COLUMNS = (
    "order_id", "person_key", "channel_account_id", "placed_at", "payment_status", "lifecycle_status", "currency",
    "shipping_minor", "discount_platform_minor", "paid_minor", "local_date",
)  # fmt: skip
LINE_COLUMNS = ("order_id", "line_no", "product_id", "quantity", "list_minor", "paid_minor", "is_gift")


@dataclass(frozen=True)
class Finding:
    """One thing that looks wrong, without anything that names a person."""

    rule: str
    subject: str
    place: str = ""
    account_id: str = ""
    member_id: str = ""
    weight: int = 1
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recent:
    """Orders and lines of the window, and all products."""

    orders: pl.DataFrame
    lines: pl.DataFrame
    products: pl.DataFrame


def recent_facts(*, at: datetime) -> Recent:
    """Read once what several rules look at."""
    month = f"{first_day(at):%Y-%m}"
    with lake().read() as snapshot:
        orders, lines = snapshot.table("orders"), snapshot.table("order_lines")
        products = snapshot.table("products")
        return Recent(
            orders=orders.filter(orders.local_month >= month).select(*ORDER_COLUMNS).to_polars(),
            lines=lines.filter(lines.local_month >= month).select(*LINE_COLUMNS).to_polars(),
            products=products.select("product_id", "name", "brand", "package_size", "is_active").to_polars(),
        )


def first_day(at: datetime) -> date:
    """The first business day of the window's first month."""
    day = business_date(at, retailer().time_zone) - timedelta(days=WINDOW_DAYS)
    return day.replace(day=1)


def findings(recent: Recent, *, at: datetime) -> Iterator[Finding]:
    """Everything that looks wrong now, at most ``MOST`` of a rule, the heaviest first."""
    rules = (
        _sums(recent),
        _repeats(recent),
        _far(recent),
        _goods(recent),
        _alike(recent),
        _rejected(at),
        _people(at),
    )
    for found in rules:
        by_rule: dict[str, list[Finding]] = {}
        for item in found:
            by_rule.setdefault(item.rule, []).append(item)
        for items in by_rule.values():
            yield from sorted(items, key=lambda item: (-item.weight, item.subject, item.place))[:MOST]


def _account(order_id: str) -> str:
    return order_id.split(":", maxsplit=1)[0] if ":" in order_id else ""


def _sums(recent: Recent) -> Iterator[Finding]:
    wrong = sum_mismatches(recent.orders, recent.lines).join(
        recent.orders.select("order_id", "currency"), on="order_id"
    )
    for order_id, paid, expected, currency in wrong.iter_rows():
        facts = {"paid_minor": paid, "suggestion": expected, "currency": currency}
        yield Finding(
            "sum_mismatch", order_id, account_id=_account(order_id), weight=abs(paid - expected), facts=facts
        )


def _repeats(recent: Recent) -> Iterator[Finding]:
    found = repeated_orders(recent.orders, recent.lines).join(
        recent.orders.select("order_id", "paid_minor", "currency"), on="order_id"
    )
    for order_id, earlier, seconds, paid, currency in found.iter_rows():
        facts = {"earlier_id": earlier, "seconds": seconds, "paid_minor": paid, "currency": currency}
        facts["suggestion"] = "cancelled"
        yield Finding("repeated_order", order_id, account_id=_account(order_id), weight=paid, facts=facts)


def _far(recent: Recent) -> Iterator[Finding]:
    currencies = recent.orders.select("order_id", "currency")
    for row in far_lines(recent.lines).join(currencies, on="order_id", how="left").iter_rows(named=True):
        rule = "far_quantity" if row["field"] == "quantity" else "far_price"
        facts = {name: row[name] for name in ("product_id", "value", "currency")} | {
            "suggestion": row["usual"]
        }
        weight = abs(row["value"] - row["usual"])
        yield Finding(
            rule, row["order_id"], str(row["line_no"]), _account(row["order_id"]), "", weight, facts
        )


def _goods(recent: Recent) -> Iterator[Finding]:
    for product_id, lines in unknown_products(recent.lines, recent.products).iter_rows():
        yield Finding("unknown_product", product_id, weight=lines, facts={"lines": lines})


def _alike(recent: Recent) -> Iterator[Finding]:
    for product_id, like_id, name in alike_products(recent.products).iter_rows():
        yield Finding(
            "alike_products", product_id, facts={"like_id": like_id, "name": name, "suggestion": name}
        )


def _rejected(at: datetime) -> Iterator[Finding]:
    """Rows of imports of the window that were put aside, one finding per reason."""
    since = at - timedelta(days=WINDOW_DAYS)
    imports, _total = batches_page(limit=1_000, state="done")
    for batch in imports:
        if batch.report is None or (batch.finished_at or at) < since:
            continue
        for reason in batch.report.reasons:
            facts = {
                "kind": batch.kind, "code": reason.code, "column": reason.column, "count": reason.count,
                "file": batch.id, "rows": reason.rows,
            }  # fmt: skip
            place = f"{reason.code}:{reason.column}"[:120]
            yield Finding("rejected_rows", batch.id, place, batch.account_id, "", reason.count, facts)


def _people(at: datetime) -> Iterator[Finding]:
    """Names, birthdays and addresses that cannot be; only keyed hashes of them leave this function."""
    today = business_date(at, retailer().time_zone)
    for ids in in_batches(living_member_ids()):
        for member_id, profile in profiles_in_clear(ids).items():
            if profile.birthday and not is_plausible(profile.birthday, today=today):
                yield _of_person("odd_birthday", member_id, profile.birthday.isoformat())
            if profile.name and is_placeholder_name(profile.name):
                yield _of_person("odd_name", member_id, profile.name)
        yield from _mistyped(addresses(ids, kind="email").items())


def _mistyped(addresses_: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    for member_id, address in addresses_:
        mended = mended_email(address)
        if mended:
            domains = {"domain": address.partition("@")[2], "probably": mended.partition("@")[2]}
            yield _of_person("mistyped_email", member_id, address, **domains)


def _of_person(rule: str, member_id: str, value: str, **facts: Any) -> Finding:
    said = keyed_hash(value, purpose="quality")[:16]
    return Finding(rule, member_id, member_id=member_id, facts={**facts, "said": said})
