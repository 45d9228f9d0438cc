"""The wire as the world writes it: recorded answers as data, played through the server to every client."""
