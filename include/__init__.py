"""The application: usable with and without Airflow."""
