"""Real-time management of a contact centre.

An ordinary Python package: nothing here needs Airflow, except `rtm.orchestration`.
"""
