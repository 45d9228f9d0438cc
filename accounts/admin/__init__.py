"""The operator's pages for accounts, mappings and client keys."""

from accounts.admin import pages as pages  # here Django looks for pages
