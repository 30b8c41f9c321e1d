"""Pages of data quality."""

from django.urls import path

from shuke.apps.quality import pages

app_name = "quality"
urlpatterns = [
    path("", pages.show_quality, name="overview"),
    path("issues/", pages.show_issues, name="issues"),
    path("corrections/", pages.show_corrections, name="corrections"),
    path("check/", pages.check_now, name="check"),
    path("issues/<str:issue_id>/", pages.show_issue, name="issue"),
    path("issues/<str:issue_id>/decide/", pages.decide_issue, name="decide"),
    path("issues/<str:issue_id>/correct/", pages.correct_issue, name="correct"),
    path("corrections/<str:correction_id>/revert/", pages.revert_correction, name="revert"),
]
