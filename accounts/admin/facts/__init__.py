"""The operator's pages for what is believed of models."""
