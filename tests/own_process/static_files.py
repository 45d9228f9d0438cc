"""The middleware of the static files as tests load it: a process lists the files once for all its clients.

Each ``django.test.Client`` loads the middleware anew, and to list five hundred files costs more than a page.
"""

from typing import Any

from servestatic.middleware import ServeStaticMiddleware

_LISTED: list[tuple[dict[str, Any], list[tuple[str, str]]]] = []


class ListedOnce(ServeStaticMiddleware):
    """What serves the static files in tests. Servers of their own load the middleware itself."""

    def add_files_from_finders(self) -> None:
        if not _LISTED:
            super().add_files_from_finders()
            _LISTED.append((self.files, self.directories))
        self.files, self.directories = _LISTED[0]
