"""The relay's own URLs: they bypass the operator's pages and their middleware."""

from django.urls import path

from relay.front.api import api

urlpatterns = [path("", api.urls)]
