"""What people record of the floor, which no log can tell: exceptions of agents.

Each step is one transaction with its audit row. What the pipeline reads of it is delivered like any
other feed (`rtm.landing.deliver`), so that it can be replayed. Who may do what is the desk's.
"""
