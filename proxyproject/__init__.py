"""The frame: settings, URLs, the server, and what joins the rooms."""
