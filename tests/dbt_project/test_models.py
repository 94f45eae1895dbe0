"""The models hold what they promise in their descriptions: dbt's own tests run, and can fail."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from rtm.cycle import run_cycle
from rtm.running_dbt import ModelError, run_dbt
from tests.small_centre import CALL_HEADER, MORNING, call, deliver_reference, roster

DATA_TESTS = ("test", "--select", "test_type:data")


@pytest.fixture
def centre(system, deliver):
    deliver_reference(deliver)
    deliver("roster", "roster.csv", roster(), MORNING - timedelta(days=1))
    deliver("call", "calls.csv", CALL_HEADER + call("C1", MORNING), MORNING)
    run_cycle(system, MORNING)
    return system


def test_every_data_test_of_dbt_passes_on_real_rows(centre, query):
    assert query("select count(*) as n from marts.fct_attendance")[0]["n"] == 3
    assert run_dbt(centre.warehouse, centre.settings, *DATA_TESTS) > 5


def test_models_run_from_the_first_delivery_of_a_feed_of_theirs(centre, deliver, query):
    def built(moment):
        run_cycle(centre, moment)
        (did,) = query(
            "select did from ops.cycle where step = 'build_marts' order by cycle_id desc limit 1"
        )
        return did["did"]["models"]

    folder = centre.settings.dbt_project / "models" / "intermediate" / "nonvoice"
    before = built(MORNING + timedelta(minutes=1))
    answered = f"V1,KARTU,chat,{MORNING.isoformat()},{MORNING.isoformat()}\n"
    header = "conversation_id,service_code,channel,received_at,first_response_at\n"
    deliver("conversation", "chats.csv", header + answered, MORNING + timedelta(minutes=2))
    for minute in (2, 3):
        models = built(MORNING + timedelta(minutes=minute))
        assert models == before + len(list(folder.glob("*.sql"))), minute
    (told,) = query("select sum(received) as received from marts.fct_response_time_interval")
    assert told["received"] == 1


def test_a_key_that_stands_twice_fails_its_data_test(centre):
    with centre.warehouse.engine().begin() as connection:
        connection.execute(
            text(
                "create or replace view marts.fct_scr_interval as"
                " select interval.* from ("
                + connection.execute(
                    text("select pg_get_viewdef('marts.fct_scr_interval'::regclass)")
                )
                .scalar_one()
                .rstrip(";")
                + ") as interval cross join generate_series(1, 2)"
            )
        )
    with pytest.raises(ModelError, match="is_unique_by_fct_scr_interval"):
        run_dbt(centre.warehouse, centre.settings, *DATA_TESTS)
