"""Generates the dashboards and their page in the docs: `python -m grafana.source` (`make
dashboards`).

| where | what |
|---|---|
| `boards/` | one module per board: its panels, and the statement behind each |
| `variables.py` | what readers choose above a board |
| `panels.py`, `board.py` | Grafana's JSON of panels and boards |
| `words.yml`, `words.py` | every text in Indonesian and English; sign and colour of states |
| `page.py` | the boards as docs/dashboards.md tells them |

The same source always gives the same files.
"""
