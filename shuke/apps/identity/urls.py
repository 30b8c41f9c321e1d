"""Identifiers of a member, and finding members that are one person."""

from django.urls import path

from shuke.apps.identity import pages

app_name = "identity"
urlpatterns = [
    path("members/<str:member_id>/unmask/", pages.unmask, name="unmask"),
    path("members/<str:member_id>/merge/", pages.merge_form, name="merge"),
    path("identity/", pages.queue, name="queue"),
    path("identity/pairs/<str:suggestion_id>/", pages.suggestion, name="suggestion"),
    path("identity/pairs/<str:suggestion_id>/decide/", pages.decide, name="decide"),
    path("identity/pairs/<str:suggestion_id>/reveal/", pages.reveal, name="reveal"),
    path("identity/merges/", pages.merges, name="merges"),
    path("identity/merges/<str:merge_id>/undo/", pages.undo, name="undo"),
    path("identity/searches/", pages.searches, name="searches"),
    path("identity/searches/start/", pages.start, name="start"),
    path("identity/searches/<str:run_id>/", pages.search, name="search"),
    path("identity/searches/<str:run_id>/progress/", pages.progress, name="progress"),
    path("identity/searches/<str:run_id>/apply/", pages.apply_page, name="apply"),
    path("identity/rules/", pages.rules, name="rules"),
]
