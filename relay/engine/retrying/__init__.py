"""What a failure leads to: wait, rotate, blame, leave an upstream alone, give up."""
