"""The operator's plain pages of what happened, to read only."""

from monitor.admin import requests as requests  # here Django looks for pages
