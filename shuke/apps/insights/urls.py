"""Pages of insights: the console's home page and the portrait of all members."""

from django.urls import path

from shuke.apps.insights import pages
from shuke.apps.insights.pages import affinity, forecast, methods, replenishment, studies

app_name = "insights"
urlpatterns = [
    path("", pages.overview_page, name="overview"),
    path("insights/", pages.portrait_page, name="portrait"),
    path("insights/build/", pages.build_page, name="build"),
    path("insights/affinity/", affinity.affinity_page, name="affinity"),
    path("insights/replenishment/", replenishment.replenishment_page, name="replenishment"),
    path("insights/forecast/", forecast.forecast_page, name="forecast"),
    path("insights/forecast/csv/", forecast.download_forecast, name="forecast-csv"),
    path("insights/studies/<slug:kind>/", studies.compute_page, name="compute"),
    path("insights/studies/<slug:kind>/progress/", studies.progress_page, name="progress"),
    path("insights/methods/<slug:name>/", methods.method_page, name="method"),
]
