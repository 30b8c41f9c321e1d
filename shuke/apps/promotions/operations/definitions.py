"""Writing down what a voucher promises, publishing it, ending it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from shuke.apps.promotions.models import GONE, VoucherBatch, VoucherDefinition, VoucherVersion
from shuke.apps.promotions.operations.counters import set_limits
from shuke.apps.promotions.queries.prices import points_names
from shuke.apps.promotions.rules.terms import FaultyTerms, Terms, as_data, terms_of
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Invalid, NotFound, Refused
from shuke.platform.languages import checked_texts, in_language
from shuke.platform.permissions import Actor

MOST_NAME = 120


class ChangedMeanwhile(Refused):
    """Somebody else changed the definition since it was opened."""


def checked_terms(data: Mapping[str, Any]) -> Terms:
    """The terms of plain data.  Raises ``Invalid`` with each field's fault."""
    try:
        terms = terms_of(data)
        if terms.price and terms.price.points_type not in points_names():
            raise FaultyTerms({"price_points_type": "unknown"})
    except FaultyTerms as error:
        raise Invalid(
            "invalid_terms", _("These terms cannot be promised; look at the marked fields."), error.faults
        ) from error
    return terms


def _checked_name(name: str) -> str:
    clean = " ".join(name.split())
    if not clean or len(clean) > MOST_NAME or "\x00" in clean:
        raise Invalid(
            "invalid_name", _("Give the voucher a name of up to 120 characters."), {"name": "1–120"}
        )
    return clean


def definition_locked(definition_id: str) -> VoucherDefinition:
    """The row, locked.  Raises ``NotFound``."""
    row = VoucherDefinition.objects.select_for_update().filter(public_id=definition_id).first()
    if row is None:
        raise NotFound("voucher_definition_not_found", _("There is no such kind of voucher."))
    return row


@transaction.atomic
def create_definition(
    *,
    actor: Actor,
    at: datetime,
    name: str,
    terms: Mapping[str, Any],
    names: Mapping[str, str] | None = None,
) -> str:
    """A draft; returns its public id.  Raises ``Invalid`` with each field's fault.

    ``names`` are by language; ``name`` stands where a reader's is missing, and may be empty where there is one.
    """
    spoken = checked_texts(names, field="names", most=MOST_NAME)
    row = VoucherDefinition.objects.create(
        name=_checked_name(name or in_language(spoken)),
        names=spoken,
        draft=as_data(checked_terms(terms)),
        created_at=at,
        updated_at=at,
    )
    record_audit(
        actor=actor,
        at=at,
        verb="voucher_definition.created",
        subject=("voucher_definition", row.public_id),
        changes={"name": [None, row.name]},
    )
    return row.public_id


@transaction.atomic
def change_definition(
    *,
    actor: Actor,
    at: datetime,
    definition_id: str,
    name: str,
    terms: Mapping[str, Any],
    names: Mapping[str, str] | None = None,
    seen_at: datetime | None = None,
) -> None:
    """Change the draft; what was published stays as it is until the draft is published.

    A new ``name`` without ``names`` is one name for every reader: those that were given before are forgotten.

    ``seen_at`` is the ``updated_at`` the editor began with: refuses when somebody else changed it meanwhile.
    """
    spoken = checked_texts(names, field="names", most=MOST_NAME)
    clean, checked = _checked_name(name or in_language(spoken)), checked_terms(terms)
    row = definition_locked(definition_id)
    if row.status == "ended":
        raise Refused("voucher_definition_ended", _("This kind of voucher has ended; copy it to go on."))
    if seen_at is not None and seen_at != row.updated_at:
        raise ChangedMeanwhile(
            "changed_meanwhile",
            _("Somebody else changed it meanwhile; open it again to see what it says now."),
        )
    changes: dict[str, Any] = {}
    if names is None and clean in (row.name, *row.names.values()):
        # An old body sends back the name that was read, in whichever language: nothing was renamed.
        clean, spoken = row.name, row.names
    if row.name != clean:
        changes["name"] = [row.name, clean]
    if row.names != spoken:
        changes["names"] = [row.names, spoken]
    if row.draft != as_data(checked):
        changes["draft"] = [bool(row.draft), True]
    row.name, row.names, row.draft, row.updated_at = clean, spoken, as_data(checked), at
    row.save(update_fields=["name", "names", "draft", "updated_at"])
    if changes:
        subject = ("voucher_definition", definition_id)
        record_audit(actor=actor, at=at, verb="voucher_definition.changed", subject=subject, changes=changes)


@transaction.atomic
def publish_definition(*, actor: Actor, at: datetime, definition_id: str, note: str = "") -> int:
    """Make the draft the terms of what is issued from now on; returns the version.

    Vouchers that are out keep the terms they were issued with; limits and budget are the newest version's for all.
    """
    row = definition_locked(definition_id)
    if row.draft is None or row.status == "ended":
        raise Refused("nothing_to_publish", _("There is no change to publish."))
    terms = checked_terms(row.draft)
    if terms.price is not None:
        _refuse_shared_codes(row)
    row.version += 1
    VoucherVersion.objects.create(
        definition=row,
        number=row.version,
        terms=as_data(terms),
        note=note.replace("\x00", "").strip()[:300],
        author_name=actor.name,
        published_at=at,
    )
    set_limits(row.pk, limits=terms.limits)
    row.draft, row.status, row.updated_at = None, "published", at
    row.save()
    record_audit(
        actor=actor,
        at=at,
        verb="voucher_definition.published",
        subject=("voucher_definition", definition_id),
        changes={"version": [row.version - 1, row.version]},
    )
    return row.version


def _refuse_shared_codes(row: VoucherDefinition) -> None:
    """Whoever knows the word would have for nothing what others pay for."""
    codes = VoucherBatch.objects.filter(version__definition=row, kind="shared").exclude(state__in=GONE)
    found = list(codes.order_by("pk").values_list("public_id", flat=True))
    if found:
        raise Refused(
            "shared_code_open",
            _(
                "A shared code of this voucher is open, which gives it away. Cancel the code, or take the price off."
            ),
            {"batches": found},
        )


@transaction.atomic
def end_definition(*, actor: Actor, at: datetime, definition_id: str) -> None:
    """Issue and claim no more of it.  Vouchers that are out stay what they are."""
    row = definition_locked(definition_id)
    if row.status == "ended":
        return
    before, row.status, row.updated_at = row.status, "ended", at
    row.save(update_fields=["status", "updated_at"])
    record_audit(
        actor=actor,
        at=at,
        verb="voucher_definition.ended",
        subject=("voucher_definition", definition_id),
        changes={"status": [before, "ended"]},
    )


@transaction.atomic
def copy_definition(*, actor: Actor, at: datetime, definition_id: str) -> str:
    """A new draft with the same terms; returns its public id."""
    row = definition_locked(definition_id)
    newest = row.versions.order_by("-number").first()
    terms = row.draft or (newest.terms if newest else {})
    name = str(_("Copy of {name}")).format(name=row.name)[:120]
    names = {language: _copied(text, language) for language, text in row.names.items()}
    return create_definition(actor=actor, at=at, name=name, names=names, terms=terms)


def _copied(name: str, language: str) -> str:
    with override(language):
        return str(_("Copy of {name}")).format(name=name)[:MOST_NAME]
