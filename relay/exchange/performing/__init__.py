"""What the driver has done for an exchange: an account picked, a request sent, a history healed."""
