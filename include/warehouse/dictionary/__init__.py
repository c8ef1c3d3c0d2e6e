"""The data dictionary: every table, view and column, in Chinese and English, from `sql/dictionary`."""
