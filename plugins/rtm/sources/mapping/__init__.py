"""Mapping files: a site's own export, described in one YAML file, ends in a canonical feed.

`files` reads and checks the descriptions, `cells` turns the cells of an export into canonical ones.
The files that are described are read by `rtm.landing`.
"""

from rtm.sources.mapping.cells import CellError, Dialect, MappedCell, MappedFeed
from rtm.sources.mapping.files import MappingError, Mappings, read_mapping, read_mappings

__all__ = [
    "CellError",
    "Dialect",
    "MappedCell",
    "MappedFeed",
    "MappingError",
    "Mappings",
    "read_mapping",
    "read_mappings",
]
