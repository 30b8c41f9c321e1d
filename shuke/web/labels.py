"""The words people read for the codes that machines keep, and the colour each is shown in.

Apps add their own nouns with ``register_labels`` when they are loaded.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.signals import request_finished, request_started
from django.utils.functional import Promise
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

Labels = Mapping[str, tuple[str | Promise, str]]


@dataclass(frozen=True)
class OwnWords:
    """What the retailer itself calls the codes of a noun: code → language → word; and its codes in their order.

    Codes without an own word keep the standard one; ``offered`` is empty where the standard codes are in use.
    """

    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    offered: tuple[str, ...] = ()

    def word(self, code: str) -> str | None:
        """The word in the active language."""
        known = self.words.get(code)
        return None if known is None else known.get(get_language() or "en") or known.get("en")


#: Where the own words of a noun are read.
_OWN: dict[str, Callable[[], OwnWords]] = {}
#: Own words that this thread has read during the request it answers; nothing is kept outside of requests.
_request = threading.local()

_LABELS: dict[str, Labels] = {
    "role": {
        "administrator": (_("Administrator"), "purple"),
        "analyst": (_("Analyst"), "blue"),
        "marketer": (_("Marketer"), "green"),
        "approver": (_("Approver"), "yellow"),
        "privacy_officer": (_("Privacy officer"), "red"),
        "viewer": (_("Viewer"), "grey"),
    },
    "lifecycle_stage": {
        "prospect": (pgettext_lazy("lifecycle stage", "Prospect"), "grey"),
        "new": (pgettext_lazy("lifecycle stage", "New"), "blue"),
        "active": (pgettext_lazy("lifecycle stage", "Active"), "green"),
        "loyal": (pgettext_lazy("lifecycle stage", "Loyal"), "purple"),
        "at_risk": (pgettext_lazy("lifecycle stage", "At risk"), "yellow"),
        "lost": (pgettext_lazy("lifecycle stage", "Lost"), "red"),
    },
    "rfm_segment": {
        "champions": (pgettext_lazy("RFM segment", "Champions"), "purple"),
        "loyal": (pgettext_lazy("RFM segment", "Loyal customers"), "green"),
        "potential_loyalists": (pgettext_lazy("RFM segment", "Potential loyalists"), "green"),
        "new": (pgettext_lazy("RFM segment", "New customers"), "blue"),
        "promising": (pgettext_lazy("RFM segment", "Promising"), "blue"),
        "need_attention": (pgettext_lazy("RFM segment", "Need attention"), "yellow"),
        "about_to_sleep": (pgettext_lazy("RFM segment", "About to sleep"), "yellow"),
        "at_risk": (pgettext_lazy("RFM segment", "At risk"), "red"),
        "cannot_lose": (pgettext_lazy("RFM segment", "Cannot lose them"), "red"),
        "hibernating": (pgettext_lazy("RFM segment", "Hibernating"), "grey"),
        "lost": (pgettext_lazy("RFM segment", "Lost"), "grey"),
    },
    "layer_scheme": {
        "rfm": (pgettext_lazy("layers", "RFM segment"), "purple"),
        "lifecycle": (pgettext_lazy("layers", "Lifecycle"), "green"),
        "value": (pgettext_lazy("layers", "Value"), "blue"),
        "spend": (pgettext_lazy("layers", "Spend"), "blue"),
        "value_lifecycle": (pgettext_lazy("layers", "Spend × lifecycle"), "blue"),
        "need": (pgettext_lazy("layers", "Need"), "yellow"),
        "rhythm": (pgettext_lazy("layers", "Shopping rhythm"), "grey"),
        "discount": (pgettext_lazy("layers", "Offers"), "grey"),
        "channel": (pgettext_lazy("layers", "Preferred channel"), "grey"),
        "kind": (pgettext_lazy("layers", "Kind of member"), "grey"),
        "churn": (pgettext_lazy("layers", "Risk of leaving"), "red"),
        "market": (pgettext_lazy("layers", "Market segment"), "grey"),
        "funnel": (pgettext_lazy("layers", "Funnel"), "blue"),
    },
    "identifier_kind": {
        "external": (_("Customer number"), "grey"),
        "card": (_("Member card"), "grey"),
        "email": (_("Email"), "grey"),
        "phone": (_("Phone"), "grey"),
    },
    "channel": {
        "email": (_("Email"), "blue"),
        "sms": (_("Text message"), "green"),
        "wechat": (_("WeChat"), "green"),
        "wecom": (_("WeCom"), "green"),
        "push": (_("App push"), "purple"),
        "mail": (_("Letter"), "grey"),
        "console": (_("Console outbox"), "grey"),
    },
    "sales_channel": {
        "store": (_("Store"), "grey"),
        "web": (_("Web shop"), "blue"),
        "app": (_("App"), "purple"),
        "taobao": (_("Taobao and Tmall"), "yellow"),
        "jd": (_("JD"), "red"),
        "pinduoduo": (_("Pinduoduo"), "red"),
        "douyin": (_("Douyin"), "grey"),
        "youzan": (_("Youzan"), "red"),
        "shopify": (_("Shopify"), "green"),
        "woocommerce": (_("WooCommerce"), "purple"),
        "square": (_("Square"), "grey"),
    },
    "purpose": {
        "marketing": (_("Marketing"), "blue"),
        "service": (_("Service"), "grey"),
    },
    "consent_state": {
        "granted": (_("Granted"), "green"),
        "withdrawn": (_("Withdrawn"), "red"),
    },
    "suppression_reason": {
        "bounced": (_("Messages bounced"), "red"),
        "hard_bounce": (_("Messages bounced"), "red"),
        "complained": (_("Reported as spam"), "red"),
        "unsubscribed": (_("Unsubscribed"), "yellow"),
        "erased": (_("Erased"), "red"),
    },
    "weekday": {
        "1": (_("Monday"), "grey"),
        "2": (_("Tuesday"), "grey"),
        "3": (_("Wednesday"), "grey"),
        "4": (_("Thursday"), "grey"),
        "5": (_("Friday"), "grey"),
        "6": (_("Saturday"), "grey"),
        "7": (_("Sunday"), "grey"),
    },
    "day_kind": {
        "workday": (_("Workday"), "grey"),
        "weekend": (_("Weekend"), "green"),
        "holiday": (_("Public holiday"), "purple"),
        "makeup_workday": (_("Make-up workday"), "yellow"),
    },
    "festival": {
        "spring_festival": (_("Spring Festival"), "red"),
        "lunar_new_years_eve": (_("Lunar New Year's Eve"), "red"),
        "lantern_festival": (_("Lantern Festival"), "red"),
        "dragon_boat_festival": (_("Dragon Boat Festival"), "green"),
        "qixi": (_("Qixi"), "red"),
        "ghost_festival": (_("Ghost Festival"), "grey"),
        "mid_autumn_festival": (_("Mid-Autumn Festival"), "yellow"),
        "double_ninth": (_("Double Ninth Festival"), "yellow"),
        "laba": (_("Laba Festival"), "grey"),
        "little_new_year": (_("Little New Year"), "red"),
        "queens_day": (_("Women's Day sales"), "purple"),
        "five_twenty": (_("520"), "red"),
        "childrens_day": (_("Children's Day"), "blue"),
        "six_eighteen": (_("618 sales"), "purple"),
        "double_eleven": (_("Double 11 sales"), "purple"),
        "double_twelve": (_("Double 12 sales"), "purple"),
        "valentines_day": (_("Valentine's Day"), "red"),
        "mothers_day": (_("Mother's Day"), "red"),
        "fathers_day": (_("Father's Day"), "blue"),
        "halloween": (_("Halloween"), "yellow"),
        "black_friday": (_("Black Friday"), "purple"),
        "cyber_monday": (_("Cyber Monday"), "purple"),
        "christmas_eve": (_("Christmas Eve"), "green"),
        "christmas_day": (_("Christmas"), "green"),
        "new_years_eve": (_("New Year's Eve"), "blue"),
    },
    "timeline_kind": {
        "order": (_("Orders"), "green"),
        "message": (_("Messages"), "blue"),
        "refund": (_("Refunds"), "red"),
        "consent": (_("Consents"), "purple"),
        "event": (_("Behaviour"), "grey"),
    },
    "job_state": {
        "ready": (pgettext_lazy("job", "Waiting"), "grey"),
        "running": (pgettext_lazy("job", "Running"), "yellow"),
        "succeeded": (pgettext_lazy("job", "Done"), "green"),
        "failed": (pgettext_lazy("job", "Failed"), "red"),
        "cancelled": (pgettext_lazy("job", "Stopped"), "grey"),
    },
    "job_queue": {
        "default": (pgettext_lazy("job", "Quick"), "grey"),
        "long": (pgettext_lazy("job", "Long"), "blue"),
    },
    "task": {
        "shuke.platform.jobs.tasks.prune": (_("Clear away old jobs"), "grey"),
        "shuke.platform.outbox.tasks.prune_outbox": (_("Clear away facts that have arrived"), "grey"),
        "shuke.platform.outbox.tasks.tend_lake": (_("Tidy the lake"), "grey"),
        "shuke.platform.public_data.tasks.refresh_public": (
            _("Bring calendars and regions up to date"),
            "grey",
        ),
    },
    "message_event": {
        "queued": (_("Queued"), "grey"),
        "sent": (_("Sent"), "blue"),
        "delivered": (_("Delivered"), "blue"),
        "opened": (_("Opened"), "green"),
        "clicked": (_("Clicked"), "purple"),
        "replied": (_("Replied"), "purple"),
        "bounced": (_("Bounced"), "red"),
        "complained": (_("Complained"), "red"),
        "unsubscribed": (_("Unsubscribed"), "yellow"),
        "suppressed": (_("Suppressed"), "yellow"),
        "failed": (_("Failed"), "red"),
        "uncertain": (_("Uncertain"), "yellow"),
    },
}


def register_labels(noun: str, labels: Labels) -> None:
    """Add the words of a noun's codes: code → (word, tone).  Known codes are kept, new ones added."""
    _LABELS[noun] = {**labels, **_LABELS.get(noun, {})}


def register_own_words(noun: str, source: Callable[[], OwnWords]) -> None:
    """Let a retailer's own words stand before the standard ones.  ``source`` is asked once in a request."""
    _OWN[noun] = source


def own_words(noun: str) -> OwnWords:
    """The retailer's own words of a noun, as of the beginning of the request."""
    source = _OWN.get(noun)
    if source is None:
        return OwnWords()
    kept: dict[str, OwnWords] | None = getattr(_request, "kept", None)
    if kept is None:
        return source()
    if noun not in kept:
        kept[noun] = source()
    return kept[noun]


def _begin(**_signal: Any) -> None:
    _request.kept = {}


def _end(**_signal: Any) -> None:
    _request.kept = None


request_started.connect(_begin, dispatch_uid="shuke.web.labels")
request_finished.connect(_end, dispatch_uid="shuke.web.labels")


def label_of(noun: str, code: object) -> str:
    """The word for a code in the active language; an unknown code is shown as it is, nothing as a dash."""
    if code is None or code == "":
        return "–"
    own = own_words(noun).word(str(code))
    return own if own is not None else standard_label(noun, str(code))


def standard_label(noun: str, code: str) -> str:
    """The word for a code that everybody begins with."""
    found = _LABELS.get(noun, {}).get(code)
    return str(found[0]) if found else code


def tone_of(noun: str, code: object) -> str:
    """The colour of a code's badge."""
    found = _LABELS.get(noun, {}).get(str(code))
    return found[1] if found else "grey"


def choices_of(noun: str) -> list[tuple[str, str]]:
    """(code, word) of a noun in its order, for menus."""
    codes = own_words(noun).offered or tuple(_LABELS.get(noun, {}))
    return [(code, label_of(noun, code)) for code in codes]
