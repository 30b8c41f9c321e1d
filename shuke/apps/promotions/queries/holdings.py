"""The vouchers of a member."""

from datetime import datetime

from shuke.apps.promotions.models import LIVE, Voucher
from shuke.apps.promotions.queries.codes import codes_of
from shuke.apps.promotions.queries.finding import purse_of
from shuke.apps.promotions.queries.wording import name_of, terms_summary
from shuke.apps.promotions.rules.codes import printed_code
from shuke.apps.promotions.rules.evaluation import Candidate, time_reason
from shuke.apps.promotions.rules.terms import terms_of
from shuke.apps.promotions.schemas import MemberVoucher
from shuke.platform.retailer.queries import retailer

#: How many a member is shown.
MOST = 200


def member_vouchers(member_id: str, *, at: datetime, with_ended: bool = False) -> list[MemberVoucher]:
    """The vouchers of a member and of everybody merged into it, usable ones first, by their end; up to 200.

    Codes are in the clear: for the member and for tills only.  ``with_ended`` adds those that were used, passed on,
    cancelled or whose time is over.
    """
    rows = Voucher.objects.select_related("batch__version__definition").filter(member__in=purse_of(member_id))
    if not with_ended:
        rows = rows.filter(state__in=[*LIVE, "reserved"])
    found = sorted(rows.order_by("-pk")[: 2 * MOST], key=lambda row: _order(row, at))
    shown = [row for row in found if with_ended or row.valid_through is None or row.valid_through >= at][
        :MOST
    ]
    shop = retailer()
    return [
        _view(row, code, at=at, time_zone=shop.time_zone, currency=shop.currency)
        for row, code in zip(shown, codes_of(shown), strict=True)
    ]


def _order(row: Voucher, at: datetime) -> tuple[bool, bool, float, int]:
    ends = row.valid_through
    is_live = row.state in LIVE and (ends is None or ends >= at)
    return not is_live, ends is None, ends.timestamp() if ends else 0.0, row.pk


def _view(row: Voucher, code: str, *, at: datetime, time_zone: str, currency: str) -> MemberVoucher:
    version = row.batch.version
    terms = terms_of(version.terms)
    candidate = Candidate(
        row.public_id,
        version.definition.public_id,
        version.number,
        name_of(version.definition),
        terms,
        row.valid_from,
        row.valid_through,
    )
    is_over = row.valid_through is not None and row.valid_through < at
    state = "expired" if is_over and row.state in LIVE else row.state
    return MemberVoucher(
        voucher_id=row.public_id,
        code=code,
        printed_code=printed_code(code),
        definition_id=version.definition.public_id,
        name=name_of(version.definition),
        kind=terms.kind,
        summary=terms_summary(terms, currency=currency),
        state=state,
        valid_from=row.valid_from,
        valid_through=row.valid_through,
        is_usable_now=state in LIVE and time_reason(candidate, at=at, time_zone=time_zone) is None,
        may_be_gifted=state == "claimed"
        and terms.gifting.is_allowed
        and row.gift_count < terms.gifting.times,
    )
