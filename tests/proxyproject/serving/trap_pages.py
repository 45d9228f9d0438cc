"""The project's pages, and one that breaks off while it streams through Django's own handler."""

from collections.abc import AsyncIterator

from django.http import HttpRequest, StreamingHttpResponse
from django.urls import path

from proxyproject.urls import urlpatterns as project_urlpatterns


async def broken_page(request: HttpRequest) -> StreamingHttpResponse:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"piece\n"
        raise RuntimeError("the page broke")

    return StreamingHttpResponse(pieces())


urlpatterns = [path("broken-page", broken_page), *project_urlpatterns]
