"""Django's registration of this room."""

from django.apps import AppConfig


class MonitorConfig(AppConfig):
    """The ``monitor`` application."""

    name = "monitor"
    default_auto_field = "django.db.models.BigAutoField"
