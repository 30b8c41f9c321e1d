"""Pages of members."""

from django.urls import path

from shuke.apps.members import pages

app_name = "members"
urlpatterns = [
    path("", pages.member_list, name="list"),
    path("<str:member_id>/", pages.member_page, name="member"),
    path("<str:member_id>/favourites/", pages.member_favourites, name="favourites"),
    path("<str:member_id>/timeline/", pages.member_timeline, name="timeline"),
]
