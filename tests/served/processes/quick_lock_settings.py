"""The project's settings, but a locked SQLite is given up after a moment instead of 20 s."""

from proxyproject.settings import *  # noqa: F403
from proxyproject.settings import DATABASES

if "timeout" in DATABASES["default"].get("OPTIONS", {}):
    DATABASES["default"]["OPTIONS"]["timeout"] = 0.2  # type: ignore[index]
