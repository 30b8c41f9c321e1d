from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChannelsConfig(AppConfig):
    name = "shuke.apps.channels"
    label = "channels"

    def ready(self) -> None:
        """Say what the states of a message are called."""
        from shuke.web.labels import register_labels

        register_labels(
            "message_state",
            {
                "queued": (_("Queued"), "grey"),
                "sending": (_("Being sent"), "blue"),
                "sent": (_("Sent"), "blue"),
                "delivered": (_("Delivered"), "green"),
                "bounced": (_("Bounced"), "red"),
                "suppressed": (_("Held back"), "yellow"),
                "failed": (_("Failed"), "red"),
                "uncertain": (_("Uncertain"), "purple"),
            },
        )
        register_labels(
            "message_reason",
            {
                "no_consent": (_("No consent"), "yellow"),
                "withdrawn": (_("Consent withdrawn"), "yellow"),
                "no_address": (_("No address"), "yellow"),
                "campaign_stopped": (_("Campaign stopped"), "yellow"),
                "unknown_member": (_("Member erased"), "yellow"),
                "suppressed:bounced": (_("Address bounced before"), "red"),
                "suppressed:complained": (_("Reported as spam before"), "red"),
                "killed before the answer was read": (
                    _("The sender was killed before the server answered"),
                    "purple",
                ),
            },
        )
