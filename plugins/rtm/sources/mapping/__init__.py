"""Mapping files: a site's own export, described in one YAML file, ends in a canonical feed.

`files` reads and checks the descriptions, `cells` turns the cells of an export into canonical ones.
The files that are described are read by `rtm.landing`. Nothing is imported here: `files` loads a
schema, which landing need not wait for where there is no mapping.
"""
