from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CampaignsConfig(AppConfig):
    name = "shuke.apps.campaigns"
    label = "campaigns"

    def ready(self) -> None:
        """Say what states and goals are called, whose names campaigns have, and how history is taken in."""
        from shuke.apps.audiences.queries import register_campaign_names
        from shuke.apps.campaigns import subscribers  # noqa: F401
        from shuke.apps.campaigns.queries import campaign_names
        from shuke.web.labels import register_labels
        from shuke.web.panels import register_names

        register_labels(
            "campaign_state",
            {
                "draft": (_("Draft"), "grey"),
                "in_review": (_("In review"), "yellow"),
                "approved": (_("Approved"), "blue"),
                "scheduled": (_("Scheduled"), "purple"),
                "running": (_("Being sent"), "blue"),
                "done": (_("Done"), "green"),
                "stopped": (_("Stopped"), "red"),
            },
        )
        register_labels(
            "campaign_goal",
            {
                "repurchase": (_("Buy again"), "green"),
                "win_back": (_("Win back"), "yellow"),
                "welcome": (_("Welcome"), "blue"),
                "cross_sell": (_("Try something new"), "purple"),
                "inform": (_("Inform"), "grey"),
            },
        )
        register_labels(
            "check_status", {"ok": ("✓", "green"), "warning": ("!", "yellow"), "blocked": ("✗", "red")}
        )
        register_campaign_names(campaign_names)
        register_names("campaign", campaign_names)
        register_labels(
            "task",
            {
                "shuke.apps.campaigns.tasks.carry_on": (_("Send a campaign"), "grey"),
                "shuke.apps.campaigns.tasks.carry_on_all": (_("Carry campaigns on"), "grey"),
            },
        )
