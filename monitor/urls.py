"""The monitor's pages, under ``/monitor/``."""

from django.urls import path

from monitor.pages import (
    conversation_views,
    detail_views,
    export_views,
    history_views,
    live_views,
    retention_views,
    saved_view_views,
    statistics_views,
)

app_name = "monitor"
urlpatterns = [
    path("live/", live_views.live_page, name="live"),
    path("conversations/", conversation_views.conversations_page, name="conversations"),
    path("conversations/<str:conversation>/", conversation_views.conversation_page, name="conversation"),
    path("conversations/<str:conversation>/beside/", conversation_views.compare_turns, name="compare-turns"),
    path("statistics/", statistics_views.statistics_page, name="statistics"),
    path("statistics/times/", statistics_views.times_of_buckets, name="statistics-times"),
    path("retention/", retention_views.retention_page, name="retention"),
    path("retention/remove/", retention_views.remove, name="retention-remove"),
    path("history/", history_views.history_page, name="history"),
    path("history/export/", export_views.export_page, name="export"),
    path("history/export/file/", export_views.export_file, name="export-file"),
    path("history/views/", saved_view_views.keep_view, name="keep-view"),
    path("history/views/<int:view_id>/forget/", saved_view_views.forget_view, name="forget-view"),
    path("history/<str:request_id>/", detail_views.detail_page, name="detail"),
    path(
        "history/<str:request_id>/body/<str:kind>/<int:attempt>/",
        detail_views.body_file,
        name="body",
    ),
    path("history/<str:first>/beside/<str:second>/", detail_views.compare_page, name="compare"),
]
