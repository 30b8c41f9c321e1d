from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "shuke.platform.jobs"
    label = "jobs"
