"""Pages of connections, and the door that systems call."""

from django.urls import path

from shuke.apps.connections.pages import connecting, webhooks
from shuke.apps.connections.pages import imports as pages

app_name = "connections"
urlpatterns = [
    path("imports/", pages.show_imports, name="imports"),
    path("imports/new/", pages.new_import, name="new"),
    path("imports/quality/", pages.show_quality, name="quality"),
    path("imports/accounts/", pages.show_accounts, name="accounts"),
    path("imports/mappings/<str:profile_id>/delete/", pages.forget_mapping, name="forget_mapping"),
    path("imports/<str:batch_id>/", pages.show_import, name="import"),
    path("imports/<str:batch_id>/progress/", pages.show_progress, name="progress"),
    path("imports/<str:batch_id>/mapping/", pages.edit_mapping, name="mapping"),
    path("imports/<str:batch_id>/use/", pages.take_mapping, name="use_mapping"),
    path("imports/<str:batch_id>/check/", pages.check, name="check"),
    path("imports/<str:batch_id>/run/", pages.run, name="run"),
    path("imports/<str:batch_id>/discard/", pages.discard, name="discard"),
    path("imports/<str:batch_id>/rejected/", pages.show_rejected, name="rejected"),
    path("imports/<str:batch_id>/rejected.csv", pages.download_rejected, name="rejected_csv"),
    path("connections/", connecting.show_connections, name="connections"),
    path("connections/new/<str:system>/", connecting.new_connection, name="connect"),
    path("connections/runs/<str:run_id>/", connecting.show_run, name="run_of"),
    path("connections/runs/<str:run_id>/progress/", connecting.show_run_progress, name="run_progress"),
    path("connections/runs/<str:run_id>/rejected/", connecting.show_run_rejected, name="run_rejected"),
    path("connections/<str:connection_id>/", connecting.show_connection, name="connection"),
    path("connections/<str:connection_id>/edit/", connecting.edit_connection, name="edit_connection"),
    path("connections/<str:connection_id>/synchronise/", connecting.synchronise, name="synchronise"),
    path("connections/<str:connection_id>/turn/", connecting.turn, name="turn"),
    path("connections/<str:connection_id>/forget/", connecting.forget, name="forget"),
    path("webhooks/<str:webhook_id>/", webhooks.receive, name="webhook"),
]
