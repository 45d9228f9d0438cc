"""Why upstream's prompt cache was not read: what each request left there, and what the next one found."""
