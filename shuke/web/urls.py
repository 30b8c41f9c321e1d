"""Sign-in, language, settings and the audit."""

from django.urls import URLPattern

app_name = "web"
urlpatterns: list[URLPattern] = []
