"""The frame as a Django app: for its commands and templates; it has no models."""

from django.apps import AppConfig


class FrameConfig(AppConfig):
    """What Django knows of the frame."""

    name = "proxyproject"
    label = "frame"
    verbose_name = "Evenkeel"
