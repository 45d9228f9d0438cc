"""Reading the history: pages, filters, one exchange whole."""
