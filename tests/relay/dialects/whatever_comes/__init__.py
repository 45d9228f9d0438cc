"""Every dialect against what is broken at random: an answer, a request, a failure, never an exception."""
