"""Addresses of the pages of sources, under ``/sources/``."""

from django.urls import path

from shuke.apps.collector.pages import live, plans, sources

app_name = "collector"
urlpatterns = [
    path("", sources.show_sources, name="sources"),
    path("new/", sources.new_source, name="new"),
    path("<str:source_id>/", sources.show_source, name="source"),
    path("<str:source_id>/keys/", sources.add_key, name="add_key"),
    path("<str:source_id>/keys/<str:key_id>/revoke/", sources.revoke_key, name="revoke_key"),
    path("<str:source_id>/settings/", sources.edit_source, name="settings"),
    path("<str:source_id>/delete/", sources.delete_source, name="delete"),
    path("<str:source_id>/live/", live.show_live, name="live"),
    path("<str:source_id>/live/rows/", live.show_rows, name="live_rows"),
    path("<str:source_id>/plan/", plans.show_plan, name="plan"),
    path("<str:source_id>/plan/event/", plans.edit_event, name="plan_event"),
    path("<str:source_id>/plan/<str:expected_id>/forget/", plans.forget_event, name="forget_event"),
]
