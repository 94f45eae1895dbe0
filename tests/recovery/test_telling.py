"""What the mails of a plan say: what is to be done next, by whom and until when."""

from __future__ import annotations

from rtm.cycle import run_cycle
from rtm.recovery.lifecycle import Action
from tests.recovery.conftest import MINUTE, TEN


def lines(query, kind):
    """Of the last mail of a kind, line by line."""
    mails = query("select body_text from ops.outbox where kind = :kind order by mail_id", kind=kind)
    return mails[-1]["body_text"].splitlines()


def test_each_mail_says_which_step_comes_next_and_by_when(missed, act, query):
    told = lines(query, "breach")
    assert "Langkah berikut: pengajuan, paling lambat 23/11/2026 10:20 WIB" in told
    assert "Selisih: 95,0 poin di bawah target" in [line.replace("\xa0", " ") for line in told]
    assert "Yang dihitung: 0 / 12 (berhasil / masuk)" in told
    act(Action.SUBMIT, "L1", TEN + 6 * MINUTE)
    told = lines(query, "plan_submit")
    assert "Langkah berikut: verifikasi, paling lambat 23/11/2026 10:36 WIB" in told
    assert told[0].startswith("Lia mengajukan recovery plan nomor 1. Anda tidak ikut menyusunnya")
    act(Action.RETURN, "L2", TEN + 7 * MINUTE, "Sebabnya belum jelas")
    told = lines(query, "plan_return")
    assert "Langkah berikut: pengajuan, paling lambat 23/11/2026 10:22 WIB" in told
    assert "Alasan: Sebabnya belum jelas" in told


def test_a_verified_plan_tells_who_is_to_do_what_until_when(missed, act, query):
    act(Action.SUBMIT, "L1", TEN + 6 * MINUTE)
    act(Action.VERIFY, "L2", TEN + 7 * MINUTE)
    told = lines(query, "plan_verify")
    for line in (
        "Langkah berikut: pelaksanaan, paling lambat 23/11/2026 10:37 WIB",
        "Pelaksana: Ani",
        "Koreksi sekarang: Alihkan ke saluran cadangan",
        "Tindakan korektif agar tidak terulang: Pantau saluran tiap jam",
        "Tenggat: 23/11/2026 12:06 WIB",
    ):
        assert line in told, line


def test_an_escalation_names_whom_it_waits_for(missed, query):
    run_cycle(missed, TEN + 21 * MINUTE)
    told = lines(query, "plan_escalation")
    assert "Menunggu: lia@bank.example, lukman@bank.example" in told
    assert "Langkah berikut: pengajuan, paling lambat 23/11/2026 10:20 WIB" in told


def test_what_is_taken_back_asks_for_nothing(missed, act, query):
    act(Action.WITHDRAW, "rtm", TEN + 6 * MINUTE, "0.00 (0/12) -> 100.00 (12/12)")
    assert not any(line.startswith("Langkah berikut") for line in lines(query, "plan_withdraw"))
