"""What Airflow loads from its plugins folder: the desk (see `rtm.orchestration.desk`)."""

from rtm.orchestration.desk import DeskPlugin

__all__ = ["DeskPlugin"]
