from django.apps import AppConfig


class MeasurementConfig(AppConfig):
    name = "shuke.apps.measurement"
    label = "measurement"
