"""What runs did and checks found, ``sync_*``."""
