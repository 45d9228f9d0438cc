"""What upstreams answer to Responses."""
