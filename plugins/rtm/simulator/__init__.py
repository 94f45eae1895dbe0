"""A simulated contact centre that delivers the feeds of the public contract.

Agents, queues and customers act by themselves; nothing here writes a KPI. The rest of the product
does not read this package: it reads the files.
"""

from rtm.simulator.centre import SimulationSummary
from rtm.simulator.commands import simulate_commands
from rtm.simulator.presets import bench_scenario, demo_scenario, drawn_faults, healthy_scenario
from rtm.simulator.running import Live, simulate, truth_folder
from rtm.simulator.scenario import (
    AgentModel,
    ChannelModel,
    Fault,
    FaultKind,
    RosterDefect,
    Scenario,
    ServiceModel,
    ShiftModel,
    TargetModel,
    TeamModel,
)

__all__ = [
    "AgentModel",
    "ChannelModel",
    "Fault",
    "FaultKind",
    "Live",
    "RosterDefect",
    "Scenario",
    "ServiceModel",
    "ShiftModel",
    "SimulationSummary",
    "TargetModel",
    "TeamModel",
    "bench_scenario",
    "demo_scenario",
    "drawn_faults",
    "healthy_scenario",
    "simulate",
    "simulate_commands",
    "truth_folder",
]
