"""The campaign over several hosts whose stores go away."""
