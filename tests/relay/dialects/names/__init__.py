"""Names and ids between vendors."""
