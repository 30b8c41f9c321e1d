"""Pages of connections."""

from django.urls import path

from shuke.apps.connections.pages import imports as pages

app_name = "connections"
urlpatterns = [
    path("", pages.show_imports, name="imports"),
    path("new/", pages.new_import, name="new"),
    path("quality/", pages.show_quality, name="quality"),
    path("accounts/", pages.show_accounts, name="accounts"),
    path("mappings/<str:profile_id>/delete/", pages.forget_mapping, name="forget_mapping"),
    path("<str:batch_id>/", pages.show_import, name="import"),
    path("<str:batch_id>/progress/", pages.show_progress, name="progress"),
    path("<str:batch_id>/mapping/", pages.edit_mapping, name="mapping"),
    path("<str:batch_id>/use/", pages.take_mapping, name="use_mapping"),
    path("<str:batch_id>/check/", pages.check, name="check"),
    path("<str:batch_id>/run/", pages.run, name="run"),
    path("<str:batch_id>/discard/", pages.discard, name="discard"),
    path("<str:batch_id>/rejected/", pages.show_rejected, name="rejected"),
    path("<str:batch_id>/rejected.csv", pages.download_rejected, name="rejected_csv"),
]
