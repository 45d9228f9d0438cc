"""The one writer: from records to rows and bodies in the database."""
