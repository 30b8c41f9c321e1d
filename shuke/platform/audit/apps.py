from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "shuke.platform.audit"
    label = "audit"
