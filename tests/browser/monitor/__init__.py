"""The monitor's pages in a browser: live, history, conversations, plots, and the fault lab."""
