"""The history as a list: its filters, columns, order and pages."""
