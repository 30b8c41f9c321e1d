from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    name = "shuke.apps.compliance"
    label = "compliance"
