"""The ASGI application: relay paths to a lean handler, the rest to Django's."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proxyproject.settings")
application = get_asgi_application()
