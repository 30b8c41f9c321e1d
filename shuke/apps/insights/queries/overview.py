"""The overview: what happened in a period, against the period before."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import ibis
from babel.numbers import format_currency, format_decimal, format_percent
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from ibis.expr import types as ir

from shuke.apps.insights import rules
from shuke.apps.insights.queries.traits import latest_build, shares
from shuke.apps.insights.rules import Period, Situation, period_until, ratio
from shuke.apps.insights.schemas import Alert, Kpi, Overview, TrendPoint
from shuke.lake.reading import Snapshot
from shuke.platform.money import money_text, to_major
from shuke.platform.retailer.queries import retailer
from shuke.platform.warehouse import lake
from shuke.science.persons import current_identity
from shuke.science.purchases import is_purchase, purchases

#: Orders may arrive so many days late before their absence counts as silence.
LATE_DAYS = 7


@dataclass(frozen=True)
class _Sums:
    """The sums of one period."""

    revenue_minor: int = 0
    orders: int = 0
    members: int = 0
    repeat_members: int = 0
    new_members: int = 0


def overview(*, today: date, days: int = 28) -> Overview:
    """The last ``days`` whole business days before ``today`` against as many before those.

    Where orders arrive late, the period ends with the newest day that has any, up to a week back:
    days that nobody has told about yet would look like a collapse.  Money is after refunds.  New
    members are those whose first order ever lies in the period.
    """
    currency = retailer().currency
    build = latest_build()
    with lake().read() as snapshot:
        period = period_until(_last_told_day(snapshot, today=today), days=days)
        bought = _bought(snapshot, period=period, currency=currency)
        daily = _daily(bought)
        newcomers = _first_orders(snapshot)
        now, before = _sums(bought, period=period, daily=daily, newcomers=newcomers)
        stages, segments = shares(snapshot, build.as_of) if build else ([], [])
        rejected = _rejected(snapshot, since=today - timedelta(days=7))
        has_orders = bool(daily) or snapshot.version("orders") is not None
    if not newcomers or min(newcomers) > period.before().first:
        # The shop's data began within the period before: half a period is nothing to compare with.
        before = None
    situation = Situation(
        today=today,
        revenue_change=rules.change(now.revenue_minor, before.revenue_minor) if before else None,
        traits_as_of=build.as_of if build else None,
        has_orders=has_orders,
        stages={stage.name: stage.members for stage in stages},
        rejected_rows=rejected,
    )
    return Overview(
        first_day=period.first,
        last_day=period.last,
        days=days,
        currency=currency,
        has_orders=has_orders,
        kpis=_kpis(now, before, currency=currency),
        trend=_trend(daily, period=period),
        lifecycle=stages,
        segments=[segment for segment in segments if segment.members],
        alerts=[_alert(code, number) for code, number in rules.alerts(situation)],
        traits_as_of=situation.traits_as_of,
    )


def _last_told_day(snapshot: Snapshot, *, today: date) -> date:
    """Yesterday, or the newest day with orders if that lies within the ``LATE_DAYS`` before."""
    yesterday = today - timedelta(days=1)
    orders = snapshot.table("orders")
    told = orders.filter(orders.local_date.between(yesterday - timedelta(days=LATE_DAYS), yesterday))
    newest: date | None = told.local_date.max().to_pyarrow().as_py()
    return newest or yesterday


def _bought(snapshot: Snapshot, *, period: Period, currency: str) -> ir.Table:
    """Counted orders of both periods as a table of the connection: several questions are asked of it."""
    first = period.before().first
    orders = snapshot.table("orders")
    # The month is the partition: older files are not even opened.
    orders = orders.filter(orders.local_month >= f"{first:%Y-%m}", orders.local_date >= ibis.literal(first))
    found = purchases(
        orders=orders,
        refunds=snapshot.table("refunds"),
        identity_map=snapshot.table("identity_map"),
        currency=currency,
        until=period.last,
    )
    shaped = found.select("member_id", "local_date", "net_minor")
    return snapshot.connection.create_table("bought", shaped, temp=True)


def _daily(bought: ir.Table) -> dict[date, tuple[int, int]]:
    """Orders and money by day, days without an order left out."""
    rows = bought.group_by("local_date").agg(orders=bought.count(), revenue=bought.net_minor.sum())
    return {row["local_date"]: (row["orders"], row["revenue"]) for row in rows.to_pyarrow().to_pylist()}


def _sums(
    bought: ir.Table,
    *,
    period: Period,
    daily: Mapping[date, tuple[int, int]],
    newcomers: Mapping[date, int],
) -> tuple[_Sums, _Sums | None]:
    """The sums of the period and of the one before."""
    is_now = bought.local_date >= ibis.literal(period.first)
    counted = bought.group_by("member_id").agg(
        now=is_now.cast("int64").sum(), before=(~is_now).cast("int64").sum()
    )
    members = (
        counted.agg(
            **{
                f"{name}_{least}": (counted[name] >= least).cast("int64").sum()
                for name in ("now", "before")
                for least in (1, 2)
            }
        )
        .to_pyarrow()
        .to_pylist()[0]
    )
    found = []
    for name, part in (("now", period), ("before", period.before())):
        days = [day for day in daily if part.first <= day <= part.last]
        found.append(
            _Sums(
                revenue_minor=sum(daily[day][1] for day in days),
                orders=sum(daily[day][0] for day in days),
                members=members[f"{name}_1"] or 0,
                repeat_members=members[f"{name}_2"] or 0,
                new_members=sum(count for day, count in newcomers.items() if part.first <= day <= part.last),
            )
        )
    return found[0], found[1]


def _first_orders(snapshot: Snapshot) -> dict[date, int]:
    """How many members ordered for the first time ever, by day."""
    orders = snapshot.table("orders")
    owner = current_identity(snapshot.table("identity_map")).select("person_key", "member_id")
    first = orders.filter(is_purchase(orders)).group_by("person_key").agg(day=orders.local_date.min())
    first = first.join(owner, "person_key").group_by("member_id").agg(day=lambda t: t.day.min())
    rows = first.group_by("day").agg(members=first.count())
    return {row["day"]: row["members"] for row in rows.to_pyarrow().to_pylist()}


def _rejected(snapshot: Snapshot, *, since: date) -> int:
    rows = snapshot.table("rejected_rows")
    moment = ibis.literal(datetime.combine(since, time.min), type="timestamp('UTC')")
    return int(rows.filter(rows.rejected_at >= moment).count().to_pyarrow().as_py())


def _trend(daily: Mapping[date, tuple[int, int]], *, period: Period) -> list[TrendPoint]:
    points = []
    for offset in range(period.days):
        day = period.first + timedelta(days=offset)
        orders, revenue = daily.get(day, (0, 0))
        _orders, before = daily.get(day - timedelta(days=period.days), (0, 0))
        points.append(TrendPoint(day=day, revenue_minor=revenue, orders=orders, revenue_before_minor=before))
    return points


def _kpis(now: _Sums, before: _Sums | None, *, currency: str) -> list[Kpi]:
    """The six numbers, in the order of a reader's questions."""

    def kpi(name: str, label: str, *, unit: str, of: Callable[[_Sums], float | None]) -> Kpi:
        value, past = of(now), of(before) if before else None
        return Kpi(
            name=name,
            label=label,
            unit=unit,
            value=value,
            before=past,
            change=rules.change(value, past),
            text=number_text(value, unit=unit, currency=currency),
        )

    return [
        kpi("revenue", _("Revenue"), unit="money", of=lambda sums: sums.revenue_minor),
        kpi("orders", _("Orders"), unit="count", of=lambda sums: sums.orders),
        kpi(
            "average_order",
            _("Average order value"),
            unit="money",
            of=lambda sums: ratio(sums.revenue_minor, sums.orders),
        ),
        kpi("active_members", _("Active members"), unit="count", of=lambda sums: sums.members),
        kpi("new_members", _("First-time buyers"), unit="count", of=lambda sums: sums.new_members),
        kpi(
            "repeat_rate",
            _("Repeat rate"),
            unit="percent",
            of=lambda sums: ratio(sums.repeat_members, sums.members),
        ),
    ]


def number_text(value: float | None, *, unit: str, currency: str) -> str:
    """A number as people of the current language write it; a dash where there is none."""
    locale = (get_language() or "en").replace("-", "_")
    if value is None:
        return "–"
    if unit == "money":
        return _amount_text(round(value), currency=currency, locale=locale)
    if unit == "percent":
        return str(format_percent(value, "0.0%", locale=locale))
    return str(format_decimal(value, locale=locale))


def _amount_text(amount_minor: int, *, currency: str, locale: str) -> str:
    """Money of a headline: from a thousand units on nobody reads the fractions."""
    if abs(to_major(amount_minor, currency)) < 1000:
        return money_text(amount_minor, currency, locale=locale)
    whole = round(to_major(amount_minor, currency))
    text = format_currency(whole, currency, "¤#,##0", locale=locale, currency_digits=False)
    return str(text)


def _alert(code: str, number: float) -> Alert:
    """The alert's words and where to act on it."""
    share = number_text(abs(number), unit="percent", currency="")
    count = round(number)
    known: dict[str, tuple[str, str, str, str]] = {
        "revenue_falls": (
            "danger",
            _("Revenue is %(share)s below the period before.") % {"share": share},
            "/insights/portrait/",
            _("See who stays away"),
        ),
        "traits_missing": (
            "warning",
            _("There are orders, but nothing is known about the members yet."),
            "/insights/portrait/",
            _("Build traits"),
        ),
        "traits_stale": (
            "warning",
            ngettext(
                "What is known about members is %(count)s day old.",
                "What is known about members is %(count)s days old.",
                count,
            )
            % {"count": count},
            "/insights/portrait/",
            _("Build traits"),
        ),
        "rows_rejected": (
            "warning",
            ngettext(
                "%(count)s row could not be imported in the last seven days.",
                "%(count)s rows could not be imported in the last seven days.",
                count,
            )
            % {"count": number_text(count, unit="count", currency="")},
            "/imports/",
            _("See why"),
        ),
        "many_at_risk": (
            "warning",
            _("%(share)s of the buying members stay away longer than usual for them.") % {"share": share},
            "/audiences/",
            _("Win them back"),
        ),
        "members_at_risk": (
            "info",
            ngettext(
                "%(count)s member stays away longer than usual.",
                "%(count)s members stay away longer than usual for them.",
                count,
            )
            % {"count": number_text(count, unit="count", currency="")},
            "/audiences/",
            _("Win them back"),
        ),
    }
    level, text, url, action = known[code]
    return Alert(code=code, level=level, text=text, url=url, action=action)
