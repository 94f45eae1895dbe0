"""The embedded stack on one machine: PostgreSQL, Airflow's components, and in the demo a mail
server and a simulated centre. Makes them, starts them under a supervisor, and stops them.

What Airflow runs is in `dags/`; on several machines the same parts run as services
(`docker-compose.yml`). Nothing is imported here: `leftovers` is a process of its own, kept small.
"""
