"""Words of earning: tasks, states of versions, verbs of the audit, usual events."""

from django.utils.translation import gettext_lazy as _

from shuke.web.labels import register_labels


def register() -> None:
    """Give tasks, states and nouns their words."""
    tasks = "shuke.apps.loyalty.tasks.earning"
    register_labels(
        "task",
        {
            f"{tasks}.earn_from_import": (_("Give points for imported orders"), "grey"),
            f"{tasks}.earn_from_sync": (_("Give points for a shop's orders"), "grey"),
            f"{tasks}.earn_from_events": (_("Give points for events"), "grey"),
            f"{tasks}.earn_by_night": (_("Give birthday points and what was left out"), "grey"),
        },
    )
    register_labels(
        "earning_version", {"draft": (_("Draft"), "yellow"), "published": (_("Published"), "green")}
    )
    register_labels("audit_noun", {"earning_rules": (_("Earning rules"), "grey")})
