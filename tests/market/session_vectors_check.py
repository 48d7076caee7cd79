#!/usr/bin/env python3
"""Works the published session vectors out again, from the rules of docs/vectors/README.md and Python's own time
zones, and says where they disagree. Shares no code and no data with the server: hours and facts are typed here."""
import csv
import pathlib
import re
import sys
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

COLUMNS = (
    "market,zone,why,utc,local,print,phase,kind,trading_date,hours,"
    "m1_start,m5_start,m60_start,m240_start,day_start,week_start,month_start,year_start"
).split(",")
ZONES = {
    "US": "America/New_York",
    "HK": "Asia/Hong_Kong",
    "SH": "Asia/Shanghai",
    "CF": "UTC",
    "FX": "America/New_York",
    "CM": "America/New_York",
}
# Sessions of a full and a half day by the date from which they hold: minutes from local midnight of the trading
# date, as exchanges print them.
HOURS = {
    "US": [
        (
            "2010-01-01",
            "night -04:00 03:50, pre_market 04:00 09:30, regular 09:30 16:00, after_hours 16:00 20:00",
            "night -04:00 03:50, pre_market 04:00 09:30, regular 09:30 13:00, after_hours 13:00 17:00",
        )
    ],
    "HK": [
        (
            "2010-01-01",
            "opening_auction 09:30 10:00, regular 10:00 12:30, regular 14:30 16:00",
            "opening_auction 09:30 10:00, regular 10:00 12:30",
        ),
        (
            "2011-03-07",
            "opening_auction 09:00 09:30, regular 09:30 12:00, regular 13:30 16:00",
            "opening_auction 09:00 09:30, regular 09:30 12:00",
        ),
        (
            "2012-03-05",
            "opening_auction 09:00 09:30, regular 09:30 12:00, regular 13:00 16:00",
            "opening_auction 09:00 09:30, regular 09:30 12:00",
        ),
        (
            "2016-07-25",
            "opening_auction 09:00 09:30, regular 09:30 12:00, regular 13:00 16:00, closing_auction 16:00 16:10",
            "opening_auction 09:00 09:30, regular 09:30 12:00, closing_auction 12:00 12:10",
        ),
    ],
    "SH": [
        (
            "2010-01-01",
            "opening_auction 09:15 09:25, regular 09:30 11:30, regular 13:00 14:57, closing_auction 14:57 15:00",
            "",
        ),
        (
            "2019-07-22",
            "opening_auction 09:15 09:25, regular 09:30 11:30, regular 13:00 14:57, closing_auction 14:57 15:00,"
            " after_close_fixed 15:05 15:30",
            "",
        ),
    ],
    "CF": [("2010-01-01", "regular 00:00 24:00", "")],
    "FX": [("2010-01-01", "regular -07:00 17:00", "")],
    "CM": [("2010-01-01", "regular -07:00 17:00", "")],
}
# What exchanges announced, typed from their notices; the sessions that a storm left.
CLOSED = {
    "US": "2012-10-29 2025-01-09 2025-01-20 2025-07-04 2026-01-01 2026-11-26",
    "HK": "2023-09-01 2023-09-08 2025-01-29 2026-01-01",
    "SH": "2024-02-09 2024-02-12 2024-02-13 2024-02-14 2024-02-15 2024-02-16 2025-10-01",
    "CF": "",
    "FX": "2025-12-25 2026-01-01",
    "CM": "2025-12-25",
}
HALF = {
    "US": "2025-07-03 2026-11-27",
    "HK": "2024-12-24 2025-01-28 2025-12-31",
    "SH": "",
    "CF": "",
    "FX": "",
    "CM": "",
}
LEFT = {
    ("HK", "2022-11-02"): "opening_auction 09:00 09:30, regular 09:30 12:00, regular 13:00 13:55",
    ("HK", "2023-10-09"): "regular 14:00 16:00, closing_auction 16:00 16:10",
}
MUST_SHOW = {
    "US": "night pre_market regular after_hours none",
    "HK": "opening_auction regular closing_auction none",
    "SH": "opening_auction regular closing_auction after_close_fixed none",
    "CF": "regular",
    "FX": "regular none",
    "CM": "regular none",
}


def minutes(text):
    sign = -1 if text.startswith("-") else 1
    hour, minute = text.lstrip("-").split(":")
    return sign * (int(hour) * 60 + int(minute))


def sessions_of(text):
    parts = [part.split() for part in text.split(",") if part.strip()]
    return [(phase, minutes(begin), minutes(end)) for phase, begin, end in parts]


class Day:
    """The sessions of one trading date, by this script's own tables; none: closed."""

    def __init__(self, market, day):
        self.zone = ZoneInfo(ZONES[market])
        self.date = day
        text = day.isoformat()
        era = [entry for entry in HOURS[market] if entry[0] <= text][-1]
        if text in CLOSED[market].split() or (market != "CF" and day.weekday() >= 5):
            self.kind, hours = "closed", ""
        elif (market, text) in LEFT:
            self.kind, hours = "half", LEFT[market, text]
        elif text in HALF[market].split():
            self.kind, hours = "half", era[2]
        else:
            self.kind, hours = "full", era[1]
        self.sessions = [
            (phase, self.instant(begin), self.instant(end)) for phase, begin, end in sessions_of(hours)
        ]
        # Trading hours: regular sessions, with an auction that follows inside Shanghai's joined to them.
        self.hours = []
        for phase, begin, end in self.sessions:
            if phase == "regular":
                self.hours.append([begin, end])
            elif phase == "closing_auction" and market == "SH":
                self.hours[-1][1] = end

    def instant(self, minute):
        wall = datetime.combine(self.date, datetime.min.time()) + timedelta(minutes=minute)
        return wall.replace(tzinfo=self.zone).astimezone(timezone.utc)

    def phase_at(self, t):
        for phase, begin, end in self.sessions:
            if begin <= t < end:
                return phase
        return None

    def hours_text(self):
        def clock(t):
            wall = t.astimezone(self.zone)
            midnight = datetime.combine(self.date, datetime.min.time())
            minute = (wall.replace(tzinfo=None) - midnight) // timedelta(minutes=1)
            before, minute = ("-1d ", minute + 1440) if minute < 0 else ("", minute)
            return f"{before}{minute // 60:02}:{minute % 60:02}"

        return "/".join(f"{clock(begin)}-{clock(end)}" for begin, end in self.hours)

    def minute_index(self, t):
        """Trading minutes before t; None outside trading hours."""
        index = 0
        for begin, end in self.hours:
            if begin <= t < end:
                return index + (t - begin) // timedelta(minutes=1)
            index += (end - begin) // timedelta(minutes=1)
        return None

    def minute_start(self, index):
        for begin, end in self.hours:
            length = (end - begin) // timedelta(minutes=1)
            if index < length:
                return begin + timedelta(minutes=index)
            index -= length
        return None

    def length(self):
        return sum((end - begin) // timedelta(minutes=1) for begin, end in self.hours)


def trading_day(market, t, local):
    """The day of the session that t falls in, else of the one that ended last before."""
    for ahead in (1, 0):
        day = Day(market, local + timedelta(days=ahead))
        if day.phase_at(t):
            return day
    for back in range(0, 20):
        day = Day(market, local - timedelta(days=back))
        if day.sessions and day.sessions[0][1] <= t:
            return day
    return None


def klines(market, day, t, what):
    """The starts of the K-lines of a trade at t, in the columns' order; None: it has no regular K-line."""
    index = day.minute_index(t)
    minute = None if index is None else day.minute_start(index)
    if what == "opening":
        index, minute = 0, day.hours[0][0]
    if what == "closing":
        index = day.length() - 1
        # Hong Kong and Shanghai: the last minute. US: a minute of its own at the close, which goes with the last
        # longer ones.
        minute = day.hours[-1][1] if market == "US" else day.minute_start(index)
    if minute is None:
        return None
    d = day.date
    dates = (d, d - timedelta(days=d.weekday()), d.replace(day=1), d.replace(month=1, day=1))
    cut = [day.minute_start(index // length * length) for length in (5, 60, 240)]
    return [minute, *cut, *(Day(market, first).instant(0) for first in dates)]


def utc_text(t):
    return t.strftime("%Y-%m-%dT%H:%M:%SZ")


def expected(row):
    market = row["market"]
    zone = ZoneInfo(ZONES[market])
    t = datetime.strptime(row["utc"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    wall = t.astimezone(zone)
    day = trading_day(market, t, wall.date())
    starts = klines(market, day, t, row["print"])
    answer = {
        "zone": ZONES[market],
        "local": wall.isoformat(),
        "phase": day.phase_at(t) or "none",
        "kind": Day(market, wall.date()).kind,
        "trading_date": day.date.isoformat(),
        "hours": day.hours_text(),
    }
    for column, start in zip(COLUMNS[10:], starts or [None] * 8):
        answer[column] = utc_text(start) if start else ""
    return answer


def faults(path):
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    if rows[0] != COLUMNS:
        yield f"{path}:1: the columns are not {','.join(COLUMNS)}"
        return
    shown = {market: set() for market in ZONES}
    offsets = set()
    for number, fields in enumerate(rows[1:], 2):
        row = dict(zip(COLUMNS, fields))
        if len(fields) != len(COLUMNS) or not re.fullmatch(r"continuous|opening|closing", row["print"]):
            yield f"{path}:{number}: not a row of {len(COLUMNS)} fields"
            continue
        for column, value in expected(row).items():
            if row[column] != value:
                yield f"{path}:{number}: {column} is '{row[column]}', worked out '{value}' ({row['why']}, {row['utc']})"
        shown[row["market"]].add(row["phase"])
        offsets.add((row["market"], row["local"][-6:]))
    # A file that shows nothing cannot disagree.
    if len(rows) < 700:
        yield f"{path}: only {len(rows) - 1} rows"
    for market, phases in MUST_SHOW.items():
        if shown[market] != set(phases.split()):
            yield f"{path}: {market} shows {sorted(shown[market])}, expected {phases}"
    for market in ("US", "FX"):
        if {(market, "-05:00"), (market, "-04:00")} - offsets:
            yield f"{path}: {market} does not show both of its UTC offsets"


def main():
    found = list(faults(pathlib.Path(sys.argv[1])))
    for fault in found[:50]:
        print(fault)
    if found:
        print(f"{len(found)} disagreements")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
