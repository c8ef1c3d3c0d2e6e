"""Who is told what changed, once, and through which channel."""
