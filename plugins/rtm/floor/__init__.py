"""What people record of the floor, which no log can tell: exceptions of agents, and rounds.

Each step is one transaction with its audit row. An exception takes time out of what the logs say:
it is delivered like any other feed (`rtm.landing.deliver`). A round is evidence by itself, and the
models read it where it was recorded. Who may do what is the desk's.
"""
