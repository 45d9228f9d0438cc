"""Which path leads to which room. The relay's own paths are served before these (proxyproject/asgi.py)."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from proxyproject.pages.acts import clear_cooldown, continue_model, mapping_of
from proxyproject.pages.named_account import account_of
from proxyproject.pages.search import keys_help, search
from proxyproject.setup.views import set_up
from relay.front import openapi
from relay.front.usage_page import usage_page
from relay.replay.views import replay, replay_page

handler500 = "proxyproject.pages.error_pages.server_error"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path(
        "favicon.ico", RedirectView.as_view(url=static("evenkeel/favicon.svg"))
    ),  # asked for by CSV and JSON
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/search/", search),  # the theme asks there
    path("admin/keys/", keys_help, name="keys-help"),
    path("admin/", admin.site.urls),
    path("setup/<str:token>/", set_up, name="setup"),
    path("usage/", usage_page, name="usage"),
    path("api/docs", openapi.docs, name="api-docs"),
    path("api/openapi.json", openapi.openapi_json, name="openapi-json"),
    path("monitor/faultlab/", include("proxyproject.faultlab.urls")),
    path("monitor/", include("monitor.urls")),
    path("monitor/history/<str:request_id>/mapping/", mapping_of, name="mapping-of"),
    path("monitor/history/<str:request_id>/clear-cooldown/", clear_cooldown, name="act-clear-cooldown"),
    path("monitor/history/<str:request_id>/continue/", continue_model, name="act-continue"),
    path("monitor/history/<str:request_id>/account/", account_of, name="account-of"),
    path("monitor/history/<str:request_id>/account/<int:attempt>/", account_of, name="account-of"),
    path("monitor/history/<str:request_id>/replay/", replay_page, name="replay"),
    path("monitor/history/<str:request_id>/replay/send/", replay, name="replay-send"),
]
