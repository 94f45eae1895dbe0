"""Whether a component of Airflow is well, for the health checks of docker-compose.yml:
`python scripts/healthy.py scheduler`.

Airflow itself says so, from the heartbeats in its database. To ask a component of its own with
Airflow's command line would start a whole Airflow every time.
"""

from __future__ import annotations

import json
import sys
import urllib.request

ADDRESS = "http://airflow-api-server:8080"


def main() -> None:
    component = sys.argv[1]
    address = sys.argv[2] if len(sys.argv) > 2 else ADDRESS
    with urllib.request.urlopen(f"{address}/api/v2/monitor/health", timeout=5) as answer:
        health: dict[str, dict[str, str | None]] = json.load(answer)
    status = health.get(component, {}).get("status") or f"unknown among {', '.join(health)}"
    print(f"{component}: {status}")
    sys.exit(status != "healthy")


if __name__ == "__main__":
    main()
