"""Django's registration of this room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MonitorConfig(AppConfig):
    """The ``monitor`` application."""

    name = "monitor"
    verbose_name = _("Proxy Monitor")
    default_auto_field = "django.db.models.BigAutoField"
