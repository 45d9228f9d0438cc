"""SQLite's test database is a file here, as it is in life.

Django would make it in memory, where a second thread that writes is refused at once instead of waiting
its turn; and the live view writes in a thread of its own.
"""

from django.conf import settings
from django.db import connections

if connections["default"].vendor == "sqlite":
    connections.settings["default"]["TEST"]["NAME"] = str(settings.DATA_DIR / "test.sqlite3")
