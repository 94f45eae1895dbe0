"""Whatever roster is drawn, in whatever layout: it reads as the long form it was drawn from."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from .drawing import codes, workbook

MONTHS = ("Jan", "Peb", "Mar", "Apr", "Mei", "Juni", "Juli", "Agt", "Sep", "Okt", "Nop", "Des")
ENGLISH = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")

HEADINGS = {
    "day": lambda day: day.day,
    "numbered": lambda day: f"h{day.day}",
    "real": lambda day: day,
    "iso": lambda day: day.isoformat(),
    "slash": lambda day: f"{day.day}/{MONTHS[day.month - 1]}",
    "dash": lambda day: f"{day.day:02}-{ENGLISH[day.month - 1]}",
    "numeric": lambda day: f"{day:%d/%m/%Y}",
    "long": lambda day: f"{day.day} {MONTHS[day.month - 1]} {day.year}",
    "weekday": lambda day: f"{WEEKDAYS[day.weekday()]}, {day.day}/{day.month}",
}


def period_text(first, last):
    return (
        f"{first.day} {MONTHS[first.month - 1]} {first.year}"
        f" s/d {last.day} {MONTHS[last.month - 1]} {last.year}"
    )


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_drawn_roster_reads_as_its_long_form(data):
    first = data.draw(st.dates(date(2024, 1, 1), date(2027, 12, 31)))
    days = [first + timedelta(days=n) for n in range(data.draw(st.integers(2, 35)))]
    around = [data.draw(st.integers(0, 3)) for _ in range(2)]
    shown = [
        *(first - timedelta(days=n) for n in range(around[0], 0, -1)),
        *days,
        *(days[-1] + timedelta(days=n) for n in range(1, around[1] + 1)),
    ]
    people = [f"9{n}" for n in range(data.draw(st.integers(1, 4)))]
    cell = st.sampled_from(["P", "S", "M", "OFF", "CUTI", "09:00", "110", None])
    drawn = {(who, day): data.draw(cell) for who in people for day in shown}
    heading = HEADINGS[data.draw(st.sampled_from(sorted(HEADINGS)))]

    left = data.draw(st.sampled_from([["NIK"], ["No", "NIP", "Nama"], ["Nama", "agent_id"]]))
    rows = [["JADWAL"], [f"Layanan: KARTU   Periode: {period_text(days[0], days[-1])}"]]
    if data.draw(st.booleans()):
        rows.append([*[None] * len(left), *(WEEKDAYS[day.weekday()][:3] for day in shown)])
    rows.append([*left, *map(heading, shown), *data.draw(st.sampled_from([[], ["P", "S", "OFF"]]))])
    if data.draw(st.booleans()):
        rows.append([*[None] * len(left), *(WEEKDAYS[day.weekday()][0] for day in shown)])
    for n, who in enumerate(people):
        cells = {"No": n + 1, "Nama": f"Orang {n}"}
        rows.append([*(cells.get(name, who) for name in left), *(drawn[who, d] for d in shown)])
        if data.draw(st.booleans()):
            rows.append([])
            rows.append(["Jumlah", *[None] * (len(left) - 1), *[1] * len(shown)])

    wanted = {(w, d.isoformat()): c for (w, d), c in drawn.items() if c and d in days}
    assert codes(workbook(Jadwal=rows)) == wanted
