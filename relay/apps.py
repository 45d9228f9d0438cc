"""Django's registration of this room."""

from django.apps import AppConfig


class RelayConfig(AppConfig):
    """The ``relay`` application."""

    name = "relay"
    default_auto_field = "django.db.models.BigAutoField"
