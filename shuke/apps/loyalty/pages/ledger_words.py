"""Words of the ledger: what postings, accounts, buckets and adjustments are called."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shuke.web.labels import Labels, register_labels


def register() -> None:
    """Say what the codes of the ledger mean."""
    _name_points()
    _name_adjustments()
    register_labels("data_source", {"loyalty": (_("Loyalty programme"), "grey")})
    register_labels("timeline_kind", {"points": (_("Points"), "yellow")})
    register_labels(
        "task",
        {
            "shuke.apps.loyalty.tasks.care.settle_due_wallets": (_("Settle points that are due"), "grey"),
            "shuke.apps.loyalty.tasks.care.tell_expiring_points": (_("Tell of points that end"), "grey"),
            "shuke.apps.loyalty.tasks.care.verify_ledger_by_night": (_("Verify the ledger"), "grey"),
            "shuke.apps.loyalty.tasks.care.verify_ledger_now": (_("Verify the whole ledger"), "grey"),
        },
    )
    register_labels(
        "audit_noun",
        {
            "points": (_("Points"), "grey"),
            "adjustment": (_("Points by hand"), "grey"),
            "ledger": (_("Ledger"), "grey"),
        },
    )
    register_labels(
        "audit_act",
        {
            "adjusted": (pgettext_lazy("act", "booked by hand"), "grey"),
            "rejected": (pgettext_lazy("act", "rejected"), "grey"),
        },
    )


def _name_points() -> None:
    register_labels(
        "points_kind",
        {
            "earn": (pgettext_lazy("posting", "Earned"), "green"),
            "activate": (pgettext_lazy("posting", "Became available"), "grey"),
            "hold": (pgettext_lazy("posting", "Put on hold"), "yellow"),
            "commit": (pgettext_lazy("posting", "Spent"), "blue"),
            "release": (pgettext_lazy("posting", "Released from hold"), "grey"),
            "expire": (pgettext_lazy("posting", "Expired"), "grey"),
            "give_back": (pgettext_lazy("posting", "Given back after a return"), "green"),
            "claw_back": (pgettext_lazy("posting", "Taken back after a return"), "red"),
            "adjust": (pgettext_lazy("posting", "By hand"), "purple"),
            "reverse": (pgettext_lazy("posting", "Undone"), "red"),
            "transfer_out": (pgettext_lazy("posting", "Given to another member"), "blue"),
            "transfer_in": (pgettext_lazy("posting", "Got from another member"), "green"),
            "merge_out": (pgettext_lazy("posting", "Moved to who speaks for both"), "grey"),
            "merge_in": (pgettext_lazy("posting", "Came with a merged member"), "grey"),
            "unmerge_out": (pgettext_lazy("posting", "Went back to a parted member"), "grey"),
            "unmerge_in": (pgettext_lazy("posting", "Came back after parting"), "grey"),
        },
    )
    register_labels(
        "points_bucket",
        {
            "available": (pgettext_lazy("points", "Available"), "green"),
            "pending": (pgettext_lazy("points", "Pending"), "yellow"),
            "held": (pgettext_lazy("points", "On hold"), "yellow"),
            "spent": (pgettext_lazy("points", "Spent"), "blue"),
            "expired": (pgettext_lazy("points", "Expired"), "grey"),
            "clawed_back": (pgettext_lazy("points", "Taken back"), "red"),
            "transferred": (pgettext_lazy("points", "Moved"), "grey"),
            "written_off": (pgettext_lazy("points", "Written off"), "grey"),
        },
    )
    register_labels(
        "points_account",
        {
            "pending": (pgettext_lazy("points", "Pending"), "grey"),
            "available": (pgettext_lazy("points", "Available"), "grey"),
            "held": (pgettext_lazy("points", "On hold"), "grey"),
            "debt": (pgettext_lazy("points", "Owed by members"), "grey"),
            "issued": (pgettext_lazy("points", "Issued"), "grey"),
            "redeemed": (pgettext_lazy("points", "Redeemed"), "grey"),
            "breakage": (pgettext_lazy("points", "Expired"), "grey"),
            "clawback": (pgettext_lazy("points", "Taken back"), "grey"),
            "adjustment": (pgettext_lazy("points", "By hand"), "grey"),
            "transfer": (pgettext_lazy("points", "Between members"), "grey"),
        },
    )


def _name_adjustments() -> None:
    register_labels(
        "adjustment_state",
        {
            "waiting": (pgettext_lazy("adjustment", "Waits for a second person"), "yellow"),
            "posted": (pgettext_lazy("adjustment", "Booked"), "green"),
            "rejected": (pgettext_lazy("adjustment", "Rejected"), "red"),
        },
    )
    reasons: Labels = {
        "goodwill": (pgettext_lazy("adjustment", "Goodwill"), "green"),
        "complaint": (pgettext_lazy("adjustment", "Complaint"), "yellow"),
        "missing_purchase": (pgettext_lazy("adjustment", "Purchase was not counted"), "blue"),
        "promotion": (pgettext_lazy("adjustment", "Promotion"), "blue"),
        "mistake": (pgettext_lazy("adjustment", "Mistake"), "grey"),
        "abuse": (pgettext_lazy("adjustment", "Abuse"), "red"),
        "other": (pgettext_lazy("adjustment", "Other"), "grey"),
    }
    register_labels("adjustment_reason", reasons)
    register_labels(
        "points_reason",
        {
            "purchase": (pgettext_lazy("points", "Purchase"), "green"),
            "return": (pgettext_lazy("points", "Return"), "yellow"),
            "checkout": (pgettext_lazy("points", "Paid with points"), "blue"),
            "birthday": (pgettext_lazy("points", "Birthday"), "green"),
            "exchange": (pgettext_lazy("points", "Exchange for a voucher"), "blue"),
            **reasons,
        },
    )
