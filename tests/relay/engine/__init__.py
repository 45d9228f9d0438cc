"""The rules of an exchange, each as a table or a short script; no network, clock or sleep."""
