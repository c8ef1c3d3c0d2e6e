"""How Airflow sees the application: connections, retries, forms, assets, the shape of a DAG.

No rule of the business stands here. What the tasks of the DAGs do stands beside it, by subject.
Every DAG file imports these modules, so only light ones stand at the top of their files.
"""
