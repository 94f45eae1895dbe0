"""Asterisk's `queue_log`: one event a line, as the file has it or as the realtime table exports it.

Line: `epoch|uniqueid or NONE|queue or NONE|member or NONE|EVENT|data1|data2…`; an event the models
do not know is kept. A queue that is not a service by its own name is given one in the feed `queue`.
"""

from __future__ import annotations

from rtm.sources.feed import Column, Feed, Kind, Layout, Role

EVENTS = (
    *("ENTERQUEUE", "CONNECT", "COMPLETEAGENT", "COMPLETECALLER", "ABANDON", "EXITWITHTIMEOUT"),
    *("EXITEMPTY", "EXITWITHKEY", "RINGNOANSWER", "RINGCANCELED", "TRANSFER", "BLINDTRANSFER"),
    *("ATTENDEDTRANSFER", "AGENTLOGIN", "AGENTLOGOFF", "AGENTCALLBACKLOGIN"),
    *("AGENTCALLBACKLOGOFF", "AGENTDUMP", "SYSCOMPAT", "ADDMEMBER", "REMOVEMEMBER", "PAUSE"),
    *("UNPAUSE", "PAUSEALL", "UNPAUSEALL", "PAUSEREASON", "QUEUESTART", "CONFIGRELOAD"),
    # Of Wazo and XiVO
    *("JOINEMPTY", "LEAVEEMPTY", "FULL", "CLOSED", "DIVERT_CA_RATIO", "DIVERT_HOLDTIME"),
    "WRAPUPSTART",
)

ASTERISK_QUEUE_LOG = Feed(
    "asterisk_queue_log",
    (
        Column("time", Kind.LOG_TIME, required=True),
        Column("callid", required=True),
        Column("queuename"),
        Column("agent"),
        Column("event", required=True, known=EVENTS),
        *(Column(f"data{number}") for number in range(1, 6)),
    ),
    Role.RECORD,
    # Lines about agents alone have no call id of their own.
    key=("callid", '"time"'),
    layout=Layout.LOG,
    suffixes=("",),
)
