"""HTTP as the server speaks it: connections, requests, bodies, early answers."""
