"""The operator's pages for accounts: form, state at a glance, test, quotas."""
