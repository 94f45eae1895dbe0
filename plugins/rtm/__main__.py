"""`python -m rtm`: the command line."""

from rtm.cli import main

main()
