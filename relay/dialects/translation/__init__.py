"""What becomes of a request on its way from one dialect to another, whichever they are. PURE."""
