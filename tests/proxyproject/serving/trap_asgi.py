"""The project's application with the traps in the relay's place, and nothing wired to the life cycle."""

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

from proxyproject.serving.routing import application_of  # noqa: E402
from tests.proxyproject.serving import trap_urls  # noqa: E402  its life-cycle callbacks are registered first

application = application_of(django_application, trap_urls.__name__)
