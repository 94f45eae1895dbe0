"""A request becomes time that is taken out, by another than who asked, and goes back again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from upath import UPath

from rtm import audit
from rtm.cycle import System
from rtm.floor.exceptions import (
    Action,
    ExceptionRequestError,
    Reason,
    Wanted,
    change_request,
    request_exception,
)
from rtm.landing import LandingError
from rtm.warehouse import Role
from tests.small_centre import DAY, MORNING
from tests.small_desk import SmallDesk

HOUR = timedelta(hours=1)
WANTED = Wanted("A2", MORNING, MORNING + 9 * HOUR, Reason.TRAINING, 'Produk baru,\n"kartu"')


@pytest.fixture
def small(system: System, tmp_path) -> SmallDesk:
    return SmallDesk(system, tmp_path / "landing")


@pytest.fixture
def ask(small: SmallDesk):
    def asked(wanted: Wanted = WANTED, actor: str = "L1") -> int:
        with small.system.warehouse.transaction(Role.APP) as connection:
            return request_exception(connection, wanted, actor, small.now)

    return asked


@pytest.fixture
def act(small: SmallDesk):
    def taken(request_id, action, actor="K1", note=None, landing=None):
        folder = landing or (lambda: UPath(small.landing))
        with small.system.warehouse.transaction(Role.APP) as connection:
            change_request(connection, folder, request_id, action, actor, small.now, note)

    return taken


def test_an_approved_exception_is_taken_out_and_a_withdrawn_one_counts_again(
    small, deliver, begin, ask, act, query
):
    def status():
        small.cycle()
        (row,) = query(
            "select status from marts.fct_attendance where agent_id = 'A2' and roster_date = :day",
            day=DAY,
        )
        return row["status"]

    small.prepare(deliver, begin, "evening")
    request_id = ask()
    assert status() == "absent"
    act(request_id, Action.APPROVE)
    assert status() == "excused"
    (held,) = query("select * from marts.fct_exception")
    assert held["exception_id"] == f"desk-{request_id}"
    assert (held["service_code"], held["approved_by"], held["is_approved"]) == ("KARTU", "K1", True)
    (delivered,) = query("select reason from intermediate.int_exception_held")
    assert delivered["reason"] == 'training: Produk baru, "kartu"'
    act(request_id, Action.WITHDRAW, "L1", "Pelatihan batal")
    assert status() == "absent"
    assert query("select is_approved from marts.fct_exception") == [{"is_approved": False}]
    told = query("select actor, action, content from ops.audit order by audit_id")
    assert [(row["actor"], row["action"]) for row in told] == [
        ("L1", "request"),
        ("K1", "approve"),
        ("L1", "withdraw"),
    ]
    assert told[2]["content"] == {"note": "Pelatihan batal"}
    with small.system.warehouse.transaction(Role.APP) as connection:
        assert audit.first_broken(connection) is None


def test_neither_who_asked_nor_the_agent_decides_and_a_decision_is_made_once(
    ask, act, query, tmp_path
):
    request_id = ask()
    for actor in ("L1", "A2"):
        for action in (Action.APPROVE, Action.REJECT):
            with pytest.raises(ExceptionRequestError, match="own_request"):
                act(request_id, action, actor, "karena")
    with pytest.raises(ExceptionRequestError, match="note_missing"):
        act(request_id, Action.REJECT)
    act(request_id, Action.REJECT, note="Bukan hari ini")
    for action in Action:
        with pytest.raises(ExceptionRequestError, match="wrong_status"):
            act(request_id, action, note="lagi")
    (delivered,) = (tmp_path / "landing" / "exception").iterdir()
    assert ",L1," not in delivered.read_text(), "nobody approved it"
    assert len(query("select from ops.audit")) == 2


def test_an_approval_that_was_delivered_and_not_kept_is_taken_back_by_a_rejection(
    small, deliver, begin, ask, act, query
):
    small.prepare(deliver, begin, "evening")
    request_id = ask()

    def approve_as_the_database_goes_away():
        with small.system.warehouse.transaction(Role.APP) as connection:
            change_request(
                *(connection, lambda: UPath(small.landing), request_id, Action.APPROVE),
                *("K1", small.now, None),
            )
            raise ConnectionError

    with pytest.raises(ConnectionError):
        approve_as_the_database_goes_away()
    small.cycle()
    assert query("select is_approved from marts.fct_exception") == [{"is_approved": True}]
    act(request_id, Action.REJECT, "K1", "Bukan hari ini")
    small.cycle()
    assert query("select is_approved from marts.fct_exception") == [{"is_approved": False}]


def test_the_database_itself_keeps_a_decision_from_who_asked(ask, warehouse):
    request_id = ask()
    by_asker = "update ops.exception_request set status = 'approved', decided_by = 'L1'"
    with (
        pytest.raises(IntegrityError, match="decided_by_another"),
        warehouse.transaction(Role.APP) as connection,
    ):
        connection.exec_driver_sql(f"{by_asker} where request_id = {request_id}")


def test_the_same_time_is_asked_for_once_until_it_is_decided_against(ask, act):
    first = ask()
    with pytest.raises(ExceptionRequestError, match="already_requested"):
        ask()
    act(first, Action.WITHDRAW, "L1", "Salah jam")
    assert ask() > first


@pytest.mark.parametrize("length", [-HOUR, timedelta(), timedelta(days=31, minutes=1)])
def test_a_time_that_cannot_be_is_refused(ask, length, query):
    with pytest.raises(ExceptionRequestError, match="end_at"):
        ask(Wanted("A2", MORNING, MORNING + length, Reason.OTHER, "karena"))
    assert query("select from ops.exception_request") == []


def test_nothing_is_decided_where_the_landing_folder_cannot_be_written(ask, act, query, tmp_path):
    request_id = ask()
    (tmp_path / "in the way").write_text("")
    with pytest.raises(LandingError):
        act(request_id, Action.APPROVE, landing=lambda: UPath(tmp_path / "in the way"))
    assert query("select status from ops.exception_request") == [{"status": "waiting"}]
    assert len(query("select from ops.audit")) == 1
