"""``make demo``: everything on this machine, driven through Airflow."""
