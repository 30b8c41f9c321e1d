"""Pages of recommendations: the slots, how strategies compare, what of the catalogue is shown."""

from typing import Any

from django.urls import path

from shuke.apps.recommendations.pages import bundles, comparison, coverage, online, previews, slots

app_name = "recommendations"
urlpatterns: list[Any] = [
    path("", slots.slot_list, name="slots"),
    path("slots/new/", slots.new_slot, name="slot_new"),
    path("slots/<slug:code>/", slots.edit_slot, name="slot"),
    path("slots/<slug:code>/live/", slots.live, name="slot_live"),
    path("slots/<slug:code>/pause/", slots.pause_slot, name="slot_pause"),
    path("slots/<slug:code>/delete/", slots.drop, name="slot_delete"),
    path("slots/<slug:code>/online/", online.online_page, name="online"),
    path("slots/<slug:code>/online/count/", online.online_count, name="online_count"),
    path("slots/<slug:code>/online/progress/", online.online_progress, name="online_progress"),
    path("bundles/", bundles.bundle_list, name="bundles"),
    path("bundles/fit/", bundles.fit_now, name="bundle_fit"),
    path("bundles/progress/", bundles.bundle_progress, name="bundle_progress"),
    path("bundles/settings/", bundles.save_settings, name="bundle_settings"),
    path("bundles/<slug:bundle_id>/serve/", bundles.serve_bundle, name="bundle_serve"),
    path("preview/", previews.show, name="preview"),
    path("goods/", previews.goods, name="goods"),
    path("people/", previews.people, name="people"),
    path("strategies/", comparison.strategies_page, name="strategies"),
    path("strategies/evaluate/", comparison.evaluate_now, name="evaluate"),
    path(
        "strategies/progress/<slug:level>/<slug:protocol>/",
        comparison.evaluation_progress,
        name="evaluation_progress",
    ),
    path(
        "strategies/<slug:evaluation_id>.<slug:kind>", comparison.download_evaluation, name="evaluation_file"
    ),
    path("coverage/", coverage.coverage_page, name="coverage"),
]
