"""The operator's pages for accounts, mappings, client keys and model facts."""

# Here Django looks for pages.
from accounts.admin import client_keys as client_keys
from accounts.admin import groups as groups
from accounts.admin import mappings as mappings
from accounts.admin import model_facts_pages as model_facts_pages
from accounts.admin import pages as pages
