"""Consents of a member, the preference centre, and the pages of privacy."""

from django.urls import path

from shuke.apps.compliance.pages import asks, lists, member, preferences, requests, rules

app_name = "compliance"
urlpatterns = [
    path("members/<str:member_id>/consents/", member.decide, name="decide"),
    path("members/<str:member_id>/consents/correct/", member.correct, name="correct"),
    path("members/<str:member_id>/suppressions/lift/", member.lift, name="lift"),
    path("members/<str:member_id>/export/", member.export, name="export"),
    path("members/<str:member_id>/erase/", member.erase, name="erase"),
    path("p/<str:token>/", preferences.centre, name="preferences"),
    path("privacy/", requests.show_erasures, name="erasures"),
    path("privacy/run/", requests.run_now, name="run_erasures"),
    path("privacy/erasures/<str:erasure_id>/cancel/", requests.cancel, name="cancel_erasure"),
    path("privacy/looks/", requests.show_looks, name="looks"),
    path("privacy/addresses/", lists.show_addresses, name="addresses"),
    path("privacy/addresses/<int:entry>/remove/", lists.remove, name="remove_address"),
    path("privacy/consents/", asks.show_asks, name="asks"),
    path("privacy/consents/new/", asks.edit_ask, name="new_ask"),
    path("privacy/consents/<int:ask_id>/", asks.edit_ask, name="ask"),
    path("privacy/consents/<int:ask_id>/delete/", asks.delete, name="delete_ask"),
    path("privacy/retention/", rules.show_retention, name="retention"),
]
