"""Words of the checkout, and receipts on the timeline of a member."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shuke.apps.loyalty.queries.checkout import receipts_page
from shuke.apps.loyalty.schemas import ReceiptView
from shuke.platform.languages import babel_locale
from shuke.platform.money import money_text
from shuke.web.labels import register_labels
from shuke.web.panels import TimelineItem, TimelineKind, register_timeline_kind


def register() -> None:
    """Say what states and steps are called, and tell of receipts."""
    register_labels(
        "checkout_state",
        {
            "open": (pgettext_lazy("reservation", "Held"), "blue"),
            "committed": (pgettext_lazy("reservation", "Paid for"), "green"),
            "released": (pgettext_lazy("reservation", "Let go"), "grey"),
            "ended": (pgettext_lazy("reservation", "Run out"), "grey"),
        },
    )
    register_labels(
        "checkout_step",
        {
            "offer": (_("Offers"), "grey"),
            "tier": (_("Member discount"), "purple"),
            "voucher": (_("Vouchers"), "blue"),
            "points": (_("Paid with points"), "yellow"),
        },
    )
    register_labels(
        "task",
        {
            "shuke.apps.loyalty.tasks.checkout.end_timed_out_reservations": (
                _("End reservations whose time is over"),
                "grey",
            )
        },
    )
    register_labels("audit_noun", {"points_rate": (_("Worth of points at the till"), "grey")})
    register_labels("timeline_kind", {"checkout": (_("Checkout"), "green")})
    register_timeline_kind(
        TimelineKind(
            name="checkout", label=_("Checkout"), icon="receipt", permission="loyalty.view", read=_timeline
        )
    )


def _timeline(member_id: str, until: Any, limit: int) -> list[TimelineItem]:
    found, _total = receipts_page(member_id=member_id, until=until, limit=limit)
    items = [item for view in found for item in _items(view)]
    told = [item for item in items if until is None or item.at <= until]
    return sorted(told, key=lambda item: item.at, reverse=True)[:limit]


def _items(view: ReceiptView) -> list[TimelineItem]:
    """The purchase and its returns."""
    url, currency = reverse("loyalty:receipt", args=[view.receipt_id]), view.quote.currency

    def amount(minor: int) -> str:
        return money_text(minor, currency, locale=babel_locale())

    used = view.quote.points
    bought = TimelineItem(
        at=view.committed_at,
        what="paid",
        title=_now("Paid %(amount)s at the checkout") % {"amount": amount(view.quote.total_minor)},
        detail=_now("%(points)s points paid %(amount)s of it")
        % {"points": f"{used.points:,}", "amount": amount(used.minor)}
        if used and used.points
        else "",
        reference=view.receipt_id,
        url=url,
    )
    back = [
        TimelineItem(
            at=one.at,
            what="returned",
            title=_now("Goods came back: %(amount)s refunded") % {"amount": amount(one.refund_minor)},
            reference=one.return_id,
            url=url,
        )
        for one in view.returns
    ]
    return [bought, *back]
