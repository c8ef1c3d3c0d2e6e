"""What is done for whom, without Airflow and without a terminal.

Accounts are chosen, clients opened, one pipeline run for each, results given back. ``runtime``
(Airflow) and ``cli`` (a person) call the same functions and only present what comes back.
"""
