"""Generates the dashboards: `python -m grafana.source` (or `make dashboards`).

Boards say what they show in `boards.py`, `panels.py` knows Grafana's JSON, `words.yml` holds every
text in Indonesian and English. The same source always gives the same files.
"""
