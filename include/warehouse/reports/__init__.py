"""Facts, aggregates and texts for reports, ``rpt_*``, and what may be exported."""
