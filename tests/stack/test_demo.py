"""The demonstration ends with one clear error when its runs cannot come to an end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rtm.cycle import run_step
from rtm.stack.demo import GIVE_UP_AFTER, _raise_if_every_run_fails
from rtm.stack.supervising import StackError
from tests.small_centre import MORNING


def fail(system, at):
    """Landing fails where its table is gone."""
    with system.warehouse.engine().begin() as connection:
        connection.exec_driver_sql("alter table ops.file_ledger rename to away")
    with pytest.raises(Exception, match="file_ledger"):
        run_step(system, "land_feeds", at)
    with system.warehouse.engine().begin() as connection:
        connection.exec_driver_sql("alter table ops.away rename to file_ledger")


def test_a_step_that_fails_in_every_run_is_named_with_its_reason(system, deliver, query):
    service = "service_code,service_name,client_name,timezone\nK,K,B,Asia/Jakarta\n"
    deliver("service", "service.csv", service, MORNING)
    for minute in range(GIVE_UP_AFTER):
        _raise_if_every_run_fails(system)
        fail(system, MORNING + timedelta(minutes=minute))
    errors = query("select distinct step, error like '%file_ledger%' as told from ops.cycle")
    assert errors == [{"step": "land_feeds", "told": True}]
    with pytest.raises(StackError, match=r"^land_feeds fails in every run: .*file_ledger"):
        _raise_if_every_run_fails(system)
    run_step(system, "land_feeds", MORNING)
    _raise_if_every_run_fails(system)
