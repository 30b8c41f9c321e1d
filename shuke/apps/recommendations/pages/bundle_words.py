"""Words of bundles: states, steps, problems, tasks."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shuke.web.labels import register_labels


def register() -> None:
    """Give bundles and their background work their words."""
    here = "shuke.apps.recommendations.tasks.bundles"
    register_labels(
        "task",
        {
            f"{here}.fit_bundle_of_yesterday": (_("Fit a bundle of recommendations"), "grey"),
            f"{here}.queue_nightly_bundle": (_("Queue the night's bundle of recommendations"), "grey"),
        },
    )
    register_labels(
        "bundle_state",
        {
            "fitting": (pgettext_lazy("bundle", "Being fitted"), "blue"),
            "ready": (pgettext_lazy("bundle", "Kept"), "green"),
            "failed": (pgettext_lazy("bundle", "Failed"), "red"),
            "removed": (pgettext_lazy("bundle", "Removed"), "grey"),
        },
    )
    register_labels(
        "bundle_step",
        {
            "history": (pgettext_lazy("bundle", "Reading what was bought"), "grey"),
            "purchases": (pgettext_lazy("bundle", "Counting purchases and popularity"), "grey"),
            "tastes": (pgettext_lazy("bundle", "Which products the same members buy"), "grey"),
            "members": (pgettext_lazy("bundle", "Members' lists, part by part"), "grey"),
            "few-baskets": (pgettext_lazy("bundle", "Members with few baskets"), "grey"),
            "judging": (pgettext_lazy("bundle", "Judging the rankers"), "grey"),
            "files": (pgettext_lazy("bundle", "Writing the files"), "grey"),
        },
    )
    register_labels(
        "bundle_problem",
        {
            "interrupted": (_("The computer or the worker was stopped in the middle."), "red"),
            "not_enough": (
                _("Too little has been bought so far. Import orders with their lines, then fit again."),
                "red",
            ),
            "Cancelled": (_("Somebody cancelled it."), "grey"),
        },
    )
    register_labels("audit_noun", {"bundle": (pgettext_lazy("recommendations", "Model bundle"), "grey")})
    register_labels(
        "audit_act",
        {
            "fitted": (pgettext_lazy("act", "fitted"), "grey"),
            "activated": (pgettext_lazy("act", "served from now on"), "grey"),
        },
    )
