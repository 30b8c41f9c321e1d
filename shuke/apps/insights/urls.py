"""Pages of insights: the console's home page, the portrait of all members, and a page per question."""

from django.urls import path

from shuke.apps.insights import pages
from shuke.apps.insights.pages import (
    affinity,
    attribution,
    churn,
    drivers,
    forecast,
    funnels,
    layers,
    lifetime,
    market,
    member_kinds,
    methods,
    paths,
    questions,
    replenishment,
    rfm,
    studies,
    trend,
)

app_name = "insights"
urlpatterns = [
    path("", pages.overview_page, name="overview"),
    path("insights/", questions.questions_page, name="questions"),
    path("insights/portrait/", pages.portrait_page, name="portrait"),
    path("insights/build/", pages.build_page, name="build"),
    path("insights/layers/", layers.layers_page, name="layers"),
    path("insights/layers/scores/", rfm.rfm_page, name="rfm"),
    path("insights/funnels/", funnels.funnels_page, name="funnels"),
    path("insights/funnels/new/", funnels.builder_page, name="funnel-new"),
    path("insights/funnels/save/", funnels.save_page, name="funnel-save"),
    path("insights/funnels/<int:funnel_id>/", funnels.funnel_page, name="funnel"),
    path("insights/funnels/<int:funnel_id>/progress/", funnels.funnel_progress_page, name="funnel-progress"),
    path("insights/funnels/<int:funnel_id>/delete/", funnels.delete_page, name="funnel-delete"),
    path("insights/lifetime/", lifetime.lifetime_page, name="lifetime"),
    path("insights/churn/", churn.churn_page, name="churn"),
    path("insights/affinity/", affinity.affinity_page, name="affinity"),
    path("insights/attribution/", attribution.attribution_page, name="attribution"),
    path("insights/paths/", paths.paths_page, name="paths"),
    path("insights/replenishment/", replenishment.replenishment_page, name="replenishment"),
    path("insights/forecast/", forecast.forecast_page, name="forecast"),
    path("insights/forecast/csv/", forecast.download_forecast, name="forecast-csv"),
    path("insights/kinds/", member_kinds.kinds_page, name="kinds"),
    path("insights/drivers/", drivers.drivers_page, name="drivers"),
    path("insights/trend/", trend.trend_page, name="trend"),
    path("insights/market/", market.market_page, name="market"),
    path("insights/studies/", questions.compute_all_page, name="compute-all"),
    path("insights/studies/<slug:kind>/", studies.compute_page, name="compute"),
    path("insights/studies/<slug:kind>/progress/", studies.progress_page, name="progress"),
    path("insights/methods/<slug:name>/", methods.method_page, name="method"),
]
