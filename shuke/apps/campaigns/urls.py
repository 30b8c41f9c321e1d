"""Pages of campaigns."""

from django.urls import path

from shuke.apps.campaigns.pages import editing, listing, reporting, showing

app_name = "campaigns"
urlpatterns = [
    path("", listing.campaign_list, name="campaigns"),
    path("calendar/", listing.calendar, name="calendar"),
    path("new/", editing.new, name="new"),
    path("<str:campaign_id>/", showing.detail, name="campaign"),
    path("<str:campaign_id>/plan/", editing.plan, name="plan"),
    path("<str:campaign_id>/message/", editing.message, name="message"),
    path("<str:campaign_id>/message/remove/", editing.remove, name="remove"),
    path("<str:campaign_id>/test/", editing.test, name="test"),
    path("<str:campaign_id>/preview/", showing.preview_body, name="preview"),
    path("<str:campaign_id>/progress/", showing.progress, name="progress"),
    path("<str:campaign_id>/act/<str:verb>/", showing.act, name="act"),
    path("<str:campaign_id>/report/", reporting.report, name="report"),
]
