from django.urls import include, path

from shuke.platform.observability import pages

health = ([path("live", pages.live, name="live"), path("ready", pages.ready, name="ready")], "health")

urlpatterns = [
    path("health/", include(health)),
    path("metrics", pages.metrics, name="metrics"),
]
