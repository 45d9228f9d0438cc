"""The pages of the monitor that need no id in their address: what holds for each is tested of a new one."""

from collections.abc import Iterable

from monitor.urls import urlpatterns


def every_page(besides: Iterable[str] = ()) -> list[str]:
    """Their paths without those in ``besides``. The views of pages have names that end in ``_page``."""
    known = {path.partition("?")[0] for path in besides}
    routes = {f"/monitor/{one.pattern}": one.callback.__name__ for one in urlpatterns}
    return [
        path
        for path, view in routes.items()
        if view.endswith("_page") and "<" not in path and path not in known
    ]
