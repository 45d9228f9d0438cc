"""Remember what happened and show it."""
