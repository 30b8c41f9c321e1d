"""What points came from and went to, in words: the order, the voucher, the rule, in the reader's language."""

from collections.abc import Iterable, Mapping

from django.db.models import Q
from django.utils.translation import gettext as _

from shuke.apps.connections.queries.accounts import account_names
from shuke.apps.loyalty.models import Receipt, VoucherExchange
from shuke.apps.loyalty.queries.earning_plans import in_language, published_plans
from shuke.apps.promotions.queries.definitions import definition_names

#: Beginnings of sources that say no more than the kind and the reason of their posting do.
SILENT = ("merge:", "birthday:", "event:", "adj_")
ACCOUNT, TILL, EXCHANGE = "acc_", ("rct_", "rsv_"), "vex_"
OF_ORDERS = frozenset({"purchase", "return"})
#: Before the receipt's id, of a purchase at a till that has no order number.
UNNUMBERED = "checkout:"


def origins_in_words(postings: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Source → words for postings by (source, reason); empty where it says no more than its posting does.

    Each table is asked once.  What a program that books points wrote by itself is shown as it is.
    """
    reasons: dict[str, set[str]] = {}
    for source, reason in postings:
        reasons.setdefault(source, set()).add(reason)
    told = {source: source.removeprefix(UNNUMBERED) for source in reasons}
    orders = _orders_of_tills({name for name in told.values() if name.startswith(TILL)})
    told = {source: orders.get(name, name) for source, name in told.items()}
    accounts = account_names({n.partition(":")[0] for n in told.values() if n.startswith(ACCOUNT)})
    vouchers = _vouchers({source for source in told if source.startswith(EXCHANGE)})
    return {
        source: vouchers.get(source)
        or _words(name, accounts=accounts, is_order=source != name or bool(reasons[source] & OF_ORDERS))
        for source, name in told.items()
    }


def _words(name: str, *, accounts: Mapping[str, str], is_order: bool) -> str:
    if name.startswith(SILENT) or not name:
        return ""
    if name.startswith(TILL):
        return _("Purchase at a till")
    account, _colon, number = name.partition(":")
    if account in accounts and number:
        return _("Order %(number)s, %(shop)s") % {"number": number, "shop": accounts[account]}
    if name.startswith(ACCOUNT) and number:
        return _("Order %(number)s") % {"number": number}
    return _("Order %(number)s") % {"number": name} if is_order else name


def _orders_of_tills(ids: set[str]) -> dict[str, str]:
    """The order number of receipts and of the reservations before them, where the till gave one."""
    rows = Receipt.objects.filter(
        Q(public_id__in=ids) | Q(reservation__public_id__in=ids), order_id__isnull=False
    )
    found: dict[str, str] = {}
    for receipt, reservation, order in rows.values_list("public_id", "reservation__public_id", "order_id"):
        found |= {receipt: order or "", reservation: order or ""}
    return found


def _vouchers(ids: set[str]) -> dict[str, str]:
    """What vouchers that were exchanged are called."""
    rows = VoucherExchange.objects.filter(public_id__in=ids)
    kinds = dict(rows.values_list("public_id", "definition_id"))
    names = definition_names(kinds.values()) if kinds else {}
    return {exchange: names.get(kind, "") for exchange, kind in kinds.items()}


def rule_names() -> dict[str, str]:
    """What the rules of all versions are called, the newest name of each: they are reasons of what events earn."""
    return {
        code: in_language(title) for plan in published_plans().plans for code, title in plan.titles.items()
    }
