"""The warehouse: where it is, who may write what, and the tables of `ops`.

Meaning does not live here: `raw` belongs to `rtm.landing`, `staging` to `marts` belong to dbt.
"""

from rtm.warehouse.engine import Role, Warehouse
from rtm.warehouse.prepare import prepare

__all__ = ["Role", "Warehouse", "prepare"]
