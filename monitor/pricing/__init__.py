"""What an exchange cost, and the operator's own prices."""
