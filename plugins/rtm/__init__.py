"""Real-time management of a contact centre.

An ordinary Python package: nothing here needs Airflow, except `rtm.orchestration`.
"""

__version__ = "0.1.0"
"""The same as in pyproject.toml; a test compares them."""
