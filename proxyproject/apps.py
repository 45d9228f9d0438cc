"""The frame as a Django app: its commands and templates, and what joins the rooms in every process."""

from django.apps import AppConfig


class FrameConfig(AppConfig):
    """What Django knows of the frame."""

    name = "proxyproject"
    label = "frame"
    verbose_name = "Evenkeel"

    def ready(self) -> None:
        """Joins what commands and pages need as well as the server (for which see ``wiring.py``)."""
        from accounts.wildcards import WildcardIndex
        from monitor.pricing.prices import register_pattern_index
        from proxyproject.login.gate import watch_logins
        from proxyproject.login.known_sessions import watch_sessions

        register_pattern_index(WildcardIndex)
        watch_logins()
        watch_sessions()
