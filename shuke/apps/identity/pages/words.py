"""The words for the codes of identity, and sentences that say why two members may be one."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from shuke.apps.identity.schemas import IdentifierView, MergeView, PersonSide, SuggestionView
from shuke.apps.members.queries.words import source_names
from shuke.web.labels import label_of, register_labels

#: How well a field agrees, and the colour of its badge.
register_labels(
    "match_level",
    {
        "same": (pgettext_lazy("comparison", "the same"), "green"),
        "near": (pgettext_lazy("comparison", "nearly the same"), "green"),
        "close": (pgettext_lazy("comparison", "one character differs"), "yellow"),
        "half": (pgettext_lazy("comparison", "half of it"), "yellow"),
        "different": (pgettext_lazy("comparison", "different"), "red"),
        "missing": (pgettext_lazy("comparison", "not known"), "grey"),
    },
)
register_labels(
    "task",
    {
        "shuke.apps.identity.tasks.search": (gettext_lazy("Search for one person in two members"), "grey"),
        "shuke.apps.identity.tasks.apply": (gettext_lazy("Apply the merges of a search"), "grey"),
        "shuke.apps.identity.tasks.tend_identity": (gettext_lazy("Look after identities at night"), "grey"),
    },
)
register_labels(
    "match_field",
    {
        "name": (pgettext_lazy("person", "Name"), "grey"),
        "birthday": (gettext_lazy("Birthday"), "grey"),
        "phone": (gettext_lazy("Phone"), "grey"),
        "email": (gettext_lazy("Email"), "grey"),
        "address": (gettext_lazy("Address"), "grey"),
    },
)
register_labels(
    "match_basis",
    {
        "rules": (gettext_lazy("Rule"), "blue"),
        "model": (gettext_lazy("Likeness"), "purple"),
        "person": (gettext_lazy("By hand"), "green"),
        "row": (gettext_lazy("Stood in one row"), "grey"),
        "alias": (gettext_lazy("Said to be the same"), "grey"),
    },
)
register_labels(
    "match_method",
    {"rules": (gettext_lazy("By rules"), "blue"), "model": (gettext_lazy("By likeness"), "purple")},
)
register_labels(
    "match_state",
    {
        "queued": (gettext_lazy("Waiting"), "grey"),
        "running": (gettext_lazy("Searching"), "blue"),
        "proposed": (gettext_lazy("Ready to apply"), "yellow"),
        "applying": (gettext_lazy("Being applied"), "blue"),
        "applied": (gettext_lazy("Applied"), "green"),
        "replaced": (gettext_lazy("Replaced"), "grey"),
        "failed": (gettext_lazy("Failed"), "red"),
    },
)
register_labels(
    "suggestion_state",
    {
        "proposed": (gettext_lazy("Proposed"), "grey"),
        "open": (gettext_lazy("To review"), "yellow"),
        "merged": (gettext_lazy("Merged"), "green"),
        "rejected": (gettext_lazy("Kept apart"), "grey"),
    },
)
register_labels(
    "identifier_kind",
    {
        "unionid": (gettext_lazy("WeChat UnionID"), "green"),
        "openid": (gettext_lazy("WeChat OpenID"), "green"),
        "external_userid": (gettext_lazy("WeCom contact"), "green"),
        "anonymous": (gettext_lazy("Device"), "grey"),
        "order_contact": (gettext_lazy("Contact of one order"), "grey"),
        "receiver_phone": (gettext_lazy("Phone of a receiver"), "grey"),
        "member": (pgettext_lazy("one", "Member"), "purple"),
    },
)


def reason(evidence: dict[str, Any]) -> str:
    """Why two members may be one, in a sentence."""
    if "kind" in evidence:
        kind = label_of("identifier_kind", evidence["kind"])
        count = int(evidence.get("shared_by", 2))
        sentence = ngettext(
            "Both claim one identifier: %(kind)s, shared by %(count)d member.",
            "Both claim one identifier: %(kind)s, shared by %(count)d members.",
            count,
        ) % {"kind": kind, "count": count}
        doubt = _("Their names differ.") if evidence.get("names_differ") else ""
        return f"{sentence} {doubt}".strip()
    fields = evidence.get("fields", {})
    alike = [label_of("match_field", field) for field, level in fields.items() if level in ("same", "near")]
    return _("Alike: %(fields)s.") % {"fields": _(", ").join(alike)} if alike else _("Chosen by hand.")


def named(views: list[IdentifierView]) -> list[IdentifierView]:
    """The identifiers with what people call their sources."""
    names = source_names({view.source for view in views})
    return [view.model_copy(update={"source": names.get(view.source, view.source)}) for view in views]


def named_side(side: PersonSide) -> PersonSide:
    """A side with what people call the sources of its identifiers."""
    return side.model_copy(update={"identifiers": named(side.identifiers)})


def levels(evidence: dict[str, Any]) -> list[tuple[str, str]]:
    """(field, level) of what was compared."""
    return list(evidence.get("fields", {}).items())


def percent(row: SuggestionView | MergeView) -> str:
    """How sure, as people read it: never a whole hundred."""
    return f"{min(row.confidence, 999) / 10:.1f} %"
