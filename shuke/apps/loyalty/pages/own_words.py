"""The member's own page in words and drawings."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from shuke.apps.loyalty.pages.benefit_words import ICONS, benefit_text, left_text
from shuke.apps.loyalty.pages.tier_words import amount_text
from shuke.apps.loyalty.queries.own import OwnLine, OwnPage, OwnPoints
from shuke.apps.loyalty.rules.barcodes import code128, qr_code
from shuke.apps.loyalty.schemas import Entitlement
from shuke.apps.promotions.schemas import MemberOffer, MemberVoucher
from shuke.web.templatetags.console import day

SHOWN_DAYS = 4
OFFER_ICONS = {"amount": "ticket", "percent": "percentage", "gift": "gift", "shipping": "truck"}


def tier_card(page: OwnPage, currency: str) -> dict[str, Any] | None:
    """The card on top: the tier, how far the next one is, and how long this one lasts."""
    del currency
    tier = page.tier
    if tier is None or not page.has_tiers:
        return None
    card: dict[str, Any] = {
        "name": tier.name if tier.code else pgettext("tier", "Welcome"),
        "rank": min(page.tier_rank, 5),
        "through": tier.through_date,
        "is_grace": tier.why == "grace",
    }
    if tier.missing_to_reach is not None and tier.next_reach:
        card |= {
            "percent": 100 * min(tier.count, tier.next_reach) / tier.next_reach,
            "count": amount_text(tier.count, tier.counter),
            "goal": amount_text(tier.next_reach, tier.counter),
            "next": _missing(page, amount_text(tier.missing_to_reach, tier.counter)),
        }
    if tier.missing_to_keep and tier.through_date:
        words = {"missing": amount_text(tier.missing_to_keep, tier.counter), "day": day(tier.through_date)}
        card["keep"] = _("%(missing)s more by %(day)s keeps it") % words
    elif tier.missing_to_keep == 0 and tier.through_date:
        card["keep"] = _("Enough for another period already")
    return card


def _missing(page: OwnPage, missing: str) -> str:
    words = {"missing": missing, "tier": page.tier.next_name if page.tier else ""}
    if page.window_ends is None:
        return _("%(missing)s more to %(tier)s") % words
    return _("%(missing)s more to %(tier)s by %(day)s") % {**words, "day": day(page.window_ends)}


def points_card(item: OwnPoints) -> dict[str, Any]:
    """Points of a type, with what comes and what ends soonest."""
    return {
        "name": item.kind.name,
        "is_spendable": item.kind.is_spendable,
        "available": item.available,
        "debt": item.debt,
        "pending": item.pending,
        "arriving": item.arriving[:SHOWN_DAYS],
        "ending": item.ending[:SHOWN_DAYS],
        "later": sum(dated.points for dated in item.ending[SHOWN_DAYS:]),
    }


def voucher_card(item: MemberVoucher) -> dict[str, Any]:
    """A voucher with its code as bars and squares."""
    return {
        "voucher": item,
        "bars": asdict(code128(item.code)),
        "squares": asdict(qr_code(item.code)),
    }


def offer_card(offer: MemberOffer, tiers: Mapping[str, str]) -> dict[str, Any]:
    """A voucher to take: what is asked, how many are left, how often this member took it.

    What is left of a budget is the retailer's own business and not shown.
    """
    facts = []
    if offer.left is not None and offer.why != "sold_out":
        facts.append(ngettext("%(left)s left", "%(left)s left", offer.left) % {"left": f"{offer.left:,}"})
    if offer.most is not None and offer.why != "taken":
        facts.append(_("%(taken)s of %(most)s taken by you") % {"taken": offer.taken, "most": offer.most})
    who = pgettext("list of tiers", ", ").join(tiers.get(code, code) for code in offer.tiers)
    return {
        "offer": offer,
        "facts": facts,
        "who": _("For %(tiers)s") % {"tiers": who} if who else "",
        "icon": OFFER_ICONS[offer.kind],
    }


def benefit_card(item: Entitlement, currency: str) -> dict[str, Any]:
    """A benefit, what it is, and what is left."""
    return {
        "icon": ICONS[item.kind],
        "name": item.name,
        "text": benefit_text(item, currency),
        "more": item.text,
        "left": left_text(item),
        "is_used_up": item.left == 0,
    }


def history_line(line: OwnLine, points: Sequence[OwnPoints]) -> dict[str, Any]:
    """One line of the history."""
    kinds = {
        "earn": pgettext("points", "Earned"),
        "commit": pgettext("points", "Spent"),
        "expire": pgettext("points", "Expired"),
        "give_back": pgettext("points", "Given back"),
        "claw_back": pgettext("points", "Taken back after a return"),
        "adjust": pgettext("points", "Corrected"),
        "transfer_out": pgettext("points", "Given away"),
        "transfer_in": pgettext("points", "Received"),
        "reverse": pgettext("points", "Undone"),
    }
    by_reason = {
        ("earn", "birthday"): pgettext("points", "Birthday gift"),
        ("commit", "exchange"): pgettext("points", "Exchanged for a voucher"),
        ("give_back", "exchange"): pgettext("points", "Exchange taken back"),
    }
    what = by_reason.get((line.kind, line.reason)) or kinds[line.kind]
    names = {item.kind.code: item.kind.name for item in points}
    return {
        "what": what,
        "origin": line.origin,
        "at": line.at,
        "sign": "+" if line.points > 0 else "−",
        "points": abs(line.points),
        "type": names[line.points_type] if len(points) > 1 else "",
    }
