"""Names and ids that one vendor gives and another refuses: aliases on the way up, undone on the way down."""
