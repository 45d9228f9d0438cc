"""What a mapping will do, told before it is saved."""
