"""Who did it, is it allowed, may we act."""
