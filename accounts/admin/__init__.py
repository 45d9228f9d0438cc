"""The operator's pages for accounts, mappings, client keys and model facts."""

# Here Django looks for pages.
from accounts.admin import groups as groups
from accounts.admin import mappings as mappings
from accounts.admin.account import pages as pages
from accounts.admin.facts import model_facts_pages as model_facts_pages
from accounts.admin.keys import key_pages as key_pages
