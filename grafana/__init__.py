"""Boards for Grafana: `source/` (Python) generates `dashboards/` (JSON); see `provisioning/`."""
