"""What the processes of the tests make once: files, authorities, and the libraries of what is forked."""
