"""Private database servers and processes on this machine."""
