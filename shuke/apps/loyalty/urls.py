"""Pages of the programme: the console's under ``membership/``, the member's own under ``my/``."""

from django.urls import URLPattern

app_name = "loyalty"
urlpatterns: list[URLPattern] = []
