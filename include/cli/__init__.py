"""The command line's verbs: what to run is decided below, how it is shown is decided here."""
