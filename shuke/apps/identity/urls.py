"""Identifiers of a member."""

from django.urls import path

from shuke.apps.identity import pages

app_name = "identity"
urlpatterns = [path("<str:member_id>/unmask/", pages.unmask, name="unmask")]
