from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    name = "shuke.apps.compliance"
    label = "compliance"

    def ready(self) -> None:
        from shuke.apps.compliance import pages, subscribers, tasks  # noqa: F401

        pages.register()
