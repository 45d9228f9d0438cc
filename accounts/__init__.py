"""Who may be asked, who may ask, and which model is meant."""
