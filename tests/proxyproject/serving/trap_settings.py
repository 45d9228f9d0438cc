"""The project's settings with an application of traps behind the server instead of the relay."""

from proxyproject.settings import *  # noqa: F403

ASGI_APPLICATION = "tests.proxyproject.serving.trap_asgi.application"
ROOT_URLCONF = "tests.proxyproject.serving.trap_pages"
