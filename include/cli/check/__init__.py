"""`check`: what runs need, a file for each thing that is looked at."""
