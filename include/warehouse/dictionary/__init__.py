"""The data dictionary: what every table, view and column means, in Chinese and English."""
