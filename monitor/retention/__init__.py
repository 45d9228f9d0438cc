"""What is kept of the history, and the removal of the rest."""
