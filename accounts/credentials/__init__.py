"""What signs an account in: its shape by kind, its encryption, its tokens."""
