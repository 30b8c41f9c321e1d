"""Consents of a member."""

from django.urls import path

from shuke.apps.compliance import pages

app_name = "compliance"
urlpatterns = [
    path("<str:member_id>/consents/", pages.decide, name="decide"),
    path("<str:member_id>/suppressions/lift/", pages.lift, name="lift"),
]
