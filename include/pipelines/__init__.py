"""Decides in what order things happen; not which vendor, which table or when."""
