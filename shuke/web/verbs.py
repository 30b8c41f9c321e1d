"""The audit's verbs in words: ``campaign.approved`` is read as “Campaign: approved”.

A verb is a noun and a past participle; both are named here once, for all apps.  A test looks at every verb
of the code.  Apps may add nouns and acts of their own with ``register_labels("audit_noun", …)``.
"""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shuke.web.labels import Labels, label_of, register_labels


def _grey(words: dict[str, object]) -> Labels:
    return {code: (word, "grey") for code, word in words.items()}  # type: ignore[misc]


NOUNS = _grey(
    {
        "account": _("Channel account"),
        "audience": _("Audience"),
        "brand": _("Brand"),
        "campaign": _("Campaign"),
        "connection": _("Connection"),
        "consent": _("Consent"),
        "email": _("Mail server"),
        "erasure": _("Erasure"),
        "event": _("Event"),
        "expected_event": _("Expected event"),
        "experiment": _("Experiment"),
        "identifier": _("Identifier"),
        "identity": _("Identity rules"),
        "import": _("Import"),
        "job": _("Background job"),
        "mapping": _("Mapping"),
        "member": _("Member"),
        "message": _("Message"),
        "outbox": _("Facts on their way"),
        "points_type": _("Kind of points"),
        "public_data": _("Public data"),
        "quality": _("Data quality"),
        "receiver": _("Receiver"),
        "rfm": _("RFM scheme"),
        "funnel": _("Funnel"),
        "retention": _("Retention"),
        "settings": _("Settings"),
        "source": pgettext_lazy("audit", "Source"),
        "study": pgettext_lazy("insights", "Study"),
        "suggestion": _("Suggestion"),
        "suppression": _("Suppression"),
        "token": _("API token"),
        "traits": _("Traits"),
        "user": _("User"),
        "write_key": _("Write key"),
    }
)

ACTS = _grey(
    {
        "applied": pgettext_lazy("act", "applied"),
        "approved": pgettext_lazy("act", "approved"),
        "archived": pgettext_lazy("act", "archived"),
        "asked": pgettext_lazy("act", "asked for"),
        "built": pgettext_lazy("act", "computed"),
        "cancelled": pgettext_lazy("act", "cancelled"),
        "changed": pgettext_lazy("act", "changed"),
        "checked": pgettext_lazy("act", "checked"),
        "content_removed": pgettext_lazy("act", "content removed"),
        "content_written": pgettext_lazy("act", "content written"),
        "copied": pgettext_lazy("act", "copied"),
        "corrected": pgettext_lazy("act", "corrected"),
        "created": pgettext_lazy("act", "created"),
        "decided": pgettext_lazy("act", "decided"),
        "defined": pgettext_lazy("act", "defined"),
        "deleted": pgettext_lazy("act", "deleted"),
        "discarded": pgettext_lazy("act", "discarded"),
        "ended": pgettext_lazy("act", "ended"),
        "erased": pgettext_lazy("act", "forgotten"),
        "exported": pgettext_lazy("act", "handed out"),
        "finished": pgettext_lazy("act", "finished"),
        "imported": pgettext_lazy("act", "imported"),
        "issued": pgettext_lazy("act", "issued"),
        "kept_apart": pgettext_lazy("act", "kept apart"),
        "lifted": pgettext_lazy("act", "lifted"),
        "listed": pgettext_lazy("act", "listed"),
        "made": pgettext_lazy("act", "computed"),
        "mapped": pgettext_lazy("act", "columns chosen"),
        "merged": pgettext_lazy("act", "merged"),
        "password_set": pgettext_lazy("act", "password set"),
        "readmitted": pgettext_lazy("act", "let in again"),
        "recorded": pgettext_lazy("act", "recorded"),
        "refreshed": pgettext_lazy("act", "refreshed"),
        "reopened": pgettext_lazy("act", "opened again"),
        "requested": pgettext_lazy("act", "requested"),
        "resolved": pgettext_lazy("act", "resolved"),
        "retried": pgettext_lazy("act", "tried again"),
        "returned": pgettext_lazy("act", "returned"),
        "reverted": pgettext_lazy("act", "reverted"),
        "renamed": pgettext_lazy("act", "renamed"),
        "revoked": pgettext_lazy("act", "revoked"),
        "rows_downloaded": pgettext_lazy("act", "rows downloaded"),
        "rules_changed": pgettext_lazy("act", "rules changed"),
        "saved": pgettext_lazy("act", "saved"),
        "scheduled": pgettext_lazy("act", "scheduled"),
        "search_applied": pgettext_lazy("act", "search applied"),
        "set": pgettext_lazy("act", "set"),
        "signed_in": pgettext_lazy("act", "signed in"),
        "started": pgettext_lazy("act", "started"),
        "stopped": pgettext_lazy("act", "stopped"),
        "submitted": pgettext_lazy("act", "submitted"),
        "synchronised": pgettext_lazy("act", "synchronised"),
        "tested": pgettext_lazy("act", "tested"),
        "unasked": pgettext_lazy("act", "not asked any more"),
        "unlisted": pgettext_lazy("act", "taken off the list"),
        "unmasked": pgettext_lazy("act", "seen in the clear"),
        "unmerged": pgettext_lazy("act", "parted again"),
        "unscheduled": pgettext_lazy("act", "unscheduled"),
        "uploaded": pgettext_lazy("act", "uploaded"),
    }
)

register_labels("audit_noun", NOUNS)
register_labels("audit_act", ACTS)


def verb_in_words(verb: str) -> str:
    """The verb as people read it, in the active language; of an unknown one what is known."""
    noun, _dot, act = verb.partition(".")
    if not act:
        return verb
    pattern = str(pgettext_lazy("audit", "%(noun)s: %(act)s"))
    return pattern % {"noun": label_of("audit_noun", noun), "act": label_of("audit_act", act)}
