"""Pages of audiences."""

from django.urls import path

from shuke.apps.audiences import pages

app_name = "audiences"
urlpatterns = [
    path("", pages.audience_list, name="list"),
    path("new/", pages.new_audience, name="new"),
    path("propose/", pages.propose, name="propose"),
    path("draft/", pages.draft, name="draft"),
    path("values/<str:kind>/", pages.values, name="values"),
    path("<str:audience_id>/", pages.audience, name="detail"),
    path("<str:audience_id>/edit/", pages.edit_audience, name="edit"),
    path("<str:audience_id>/members/", pages.members, name="members"),
    path("<str:audience_id>/archive/", pages.archive, name="archive"),
    path("<str:audience_id>/duplicate/", pages.duplicate, name="duplicate"),
    path("<str:audience_id>/refresh/", pages.refresh, name="refresh"),
]
