"""The tests mirror the source; a docstring is the rule that the test proves."""
