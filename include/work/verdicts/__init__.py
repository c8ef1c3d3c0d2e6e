"""What is judged: one verdict a thing, the same on the page, in `status`, tables and alerts."""
