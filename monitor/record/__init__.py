"""What is handed over to be remembered, as plain data, and what is masked in it. PURE."""
