"""What people read, in both languages: one key a sentence, and nothing said elsewhere."""
