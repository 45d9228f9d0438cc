"""The ASGI application of this project.

It serves under ``manage.py serve`` and under plain ``daphne proxyproject.asgi:application``; the second
has no drain, no back-pressure and no early 413 (docs/deployment.md).
"""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proxyproject.settings")

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()  # loads the apps, which everything below needs

from proxyproject.serving.lifecycle import lifecycle  # noqa: E402
from proxyproject.serving.routing import application_of  # noqa: E402
from proxyproject.wiring import wire  # noqa: E402

wire(lifecycle)
application = application_of(django_application, "relay.front.urls")
