"""Editing the draft of the benefit terms and publishing it from a day on."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.models import BenefitTerms
from shuke.apps.loyalty.queries.benefit_terms import terms_view
from shuke.apps.loyalty.rules.benefits import BadTerms, terms_from_json, terms_to_json
from shuke.apps.loyalty.schemas import BenefitTermsView
from shuke.platform.audit.operations import record_audit
from shuke.platform.clock import business_date
from shuke.platform.errors import Invalid, NotFound, Refused
from shuke.platform.locks import until_commit
from shuke.platform.permissions import Actor
from shuke.platform.retailer.queries import retailer

_LOCK = "loyalty: benefit terms"


@transaction.atomic
def save_benefit_draft(
    *, actor: Actor, at: datetime, benefits: Iterable[Mapping[str, Any]]
) -> BenefitTermsView:
    """Replace the draft, which begins from the newest published terms.  Raises ``Invalid`` for bad terms."""
    until_commit(_LOCK)
    try:
        plain = terms_to_json(terms_from_json(benefits))
    except BadTerms as error:
        raise Invalid(
            "invalid_terms", _("These terms cannot hold: %s.") % error, {"benefits": str(error)}
        ) from error
    row = BenefitTerms.objects.filter(state="draft").first()
    if row is None:
        newest = BenefitTerms.objects.aggregate(newest=Max("number"))["newest"] or 0
        row = BenefitTerms(number=newest + 1, created_at=at)
    before, row.benefits, row.changed_at = row.benefits, plain, at
    row.save()
    changes = {"benefits": [[r["code"] for r in before], [r["code"] for r in plain]]}
    record_audit(
        actor=actor, at=at, verb="benefits.changed", subject=("benefit_terms", row.public_id), changes=changes
    )
    return terms_view(row)


@transaction.atomic
def publish_benefits(*, actor: Actor, at: datetime, starts_on: date) -> BenefitTermsView:
    """Let the draft hold from a day on, today at the earliest.  It never changes again."""
    until_commit(_LOCK)
    row = BenefitTerms.objects.filter(state="draft").first()
    if row is None:
        raise NotFound("no_draft", _("There is nothing to publish; change something first."))
    today = business_date(at, retailer().time_zone)
    if starts_on < today:
        raise Refused(
            "starts_in_the_past",
            _("Benefits can begin today at the earliest: what was used before was promised by other terms."),
            {"starts_on": starts_on, "today": today},
        )
    row.state, row.starts_on, row.published_at = "published", starts_on, at
    row.save(update_fields=["state", "starts_on", "published_at"])
    changes = {"starts_on": [None, starts_on], "number": [None, row.number]}
    record_audit(
        actor=actor,
        at=at,
        verb="benefits.published",
        subject=("benefit_terms", row.public_id),
        changes=changes,
    )
    return terms_view(row)


@transaction.atomic
def discard_benefit_draft(*, actor: Actor, at: datetime) -> None:
    """Throw the draft away; what is published stays."""
    until_commit(_LOCK)
    row = BenefitTerms.objects.filter(state="draft").first()
    if row is not None:
        record_audit(
            actor=actor,
            at=at,
            verb="benefits.discarded",
            subject=("benefit_terms", row.public_id),
            changes={},
        )
        row.delete()
