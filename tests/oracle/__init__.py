"""The KPI definitions once more, in slow plain Python, and random small worlds to compare with.

Nothing here may read the project's SQL or import its code: independence is the point.
"""
