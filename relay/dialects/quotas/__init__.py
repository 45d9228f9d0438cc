"""What upstreams tell of an account's quota. PURE."""
