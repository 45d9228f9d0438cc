"""PostgreSQL's partitions by time of what each exchange leaves: made ahead, and dropped whole."""
