"""Pages of members."""

from django.urls import path

from shuke.apps.members import pages
from shuke.apps.members.pages import listing

app_name = "members"
urlpatterns = [
    path("", listing.member_list, name="list"),
    path("<str:member_id>/", pages.member_page, name="member"),
    path("<str:member_id>/favourites/", pages.member_favourites, name="favourites"),
    path("<str:member_id>/timeline/", pages.member_timeline, name="timeline"),
]
