"""Pages of insights: the console's home page and the portrait of all members."""

from django.urls import path

from shuke.apps.insights import pages

app_name = "insights"
urlpatterns = [
    path("", pages.overview_page, name="overview"),
    path("insights/", pages.portrait_page, name="portrait"),
    path("insights/build/", pages.build_page, name="build"),
]
