"""Works out table.json: the next runs of cron expressions around changes of the clock, by counting through minutes with
Python's zoneinfo and none of our code. Run it by hand after a change: python3 test/support/cron/table.py
"""

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

OSLO, NEW_YORK, LORD_HOWE, KATHMANDU, UTC = "Europe/Oslo", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"

# 2026: Oslo 29 March 02:00 -> 03:00 and 25 October 03:00 -> 02:00; New York 8 March 02:00 -> 03:00 and 1 November
# 02:00 -> 01:00; Lord Howe 5 April 02:00 -> 01:30 and 4 October 02:00 -> 02:30. The second column is local time.
CASES = [
    ("30 2 * * *", OSLO, "2026-03-27T12:00", 4),
    ("0 2 * * *", OSLO, "2026-03-28T12:00", 3),
    ("*/15 2 * * *", OSLO, "2026-03-28T12:00", 6),
    ("30 2,3 * * *", OSLO, "2026-03-28T12:00", 4),
    ("0,30 2-3 * * *", OSLO, "2026-03-28T12:00", 6),
    ("0 3 * * *", OSLO, "2026-03-28T12:00", 3),
    ("30 1 * * *", OSLO, "2026-03-28T12:00", 3),
    ("30 2 29 3 *", OSLO, "2026-01-01T00:00", 3),
    ("30 2 * * sun", OSLO, "2026-03-20T00:00", 4),
    ("* * * * *", OSLO, "2026-03-29T01:57", 5),
    ("*/30 * * * *", OSLO, "2026-03-29T00:40", 6),
    ("15 */2 * * *", OSLO, "2026-03-28T22:00", 6),
    ("0 */3 * * *", OSLO, "2026-03-28T22:00", 6),
    ("0 * * * *", OSLO, "2026-03-28T23:00", 6),
    ("0 2 * * * 30", OSLO, "2026-03-28T12:00", 3),
    ("59 1 * * * */20", OSLO, "2026-03-29T01:58", 6),
    ("30 2 * * *", OSLO, "2026-10-23T12:00", 5),
    ("0 2 * * *", OSLO, "2026-10-24T12:00", 3),
    ("0 3 * * *", OSLO, "2026-10-24T12:00", 3),
    ("*/20 2 * * *", OSLO, "2026-10-24T12:00", 6),
    ("30 1-3 * * *", OSLO, "2026-10-24T12:00", 6),
    ("*/30 * * * *", OSLO, "2026-10-25T01:10", 8),
    ("15 */2 * * *", OSLO, "2026-10-24T22:00", 7),
    ("59 * * * *", OSLO, "2026-10-25T00:30", 6),
    ("@hourly", OSLO, "2026-10-25T00:30", 6),
    ("@daily", OSLO, "2026-10-23T12:00", 5),
    ("@weekly", OSLO, "2026-10-20T12:00", 3),
    ("0 0 25 10 *", OSLO, "2026-01-01T00:00", 3),
    ("30 2 * * *", NEW_YORK, "2026-03-06T12:00", 4),
    ("*/30 1 * * *", NEW_YORK, "2026-10-31T12:00", 6),
    ("0 2 * * *", NEW_YORK, "2026-10-31T12:00", 3),
    ("*/30 * * * *", NEW_YORK, "2026-11-01T00:10", 8),
    ("*/20 */1 * * *", NEW_YORK, "2026-03-08T01:10", 6),
    ("0 9 * * mon-fri", NEW_YORK, "2026-03-05T12:00", 5),
    ("0 0 1 * *", NEW_YORK, "2026-01-15T12:00", 12),
    ("0 12 13 * fri", NEW_YORK, "2026-10-25T12:00", 6),
    ("15 2 * * *", LORD_HOWE, "2026-10-02T12:00", 4),
    ("0 2 * * *", LORD_HOWE, "2026-10-02T12:00", 4),
    ("10,20,40 2 * * *", LORD_HOWE, "2026-10-03T12:00", 6),
    ("45 1 * * *", LORD_HOWE, "2026-04-03T12:00", 4),
    ("*/10 1 * * *", LORD_HOWE, "2026-04-04T12:00", 12),
    ("*/15 * * * *", LORD_HOWE, "2026-04-05T01:05", 9),
    ("*/15 * * * *", LORD_HOWE, "2026-10-04T01:20", 7),
    ("0 * * * *", LORD_HOWE, "2026-10-04T00:30", 4),
    ("0 * * * *", LORD_HOWE, "2026-04-05T00:30", 5),
    ("0 0 * * *", KATHMANDU, "2026-03-28T12:00", 3),
    ("15 */6 * * *", KATHMANDU, "2026-03-28T12:00", 5),
    ("0 0 29 2 *", KATHMANDU, "2026-03-28T12:00", 2),
    ("30 2 * * *", UTC, "2026-03-28T12:00", 3),
    ("0 0 31 * *", UTC, "2026-01-01T00:00", 5),
    ("0 0 */10 * *", UTC, "2026-02-01T00:00", 8),
    ("23 0-20/2 * * *", UTC, "2026-02-01T13:00", 6),
    ("* * * * * */25", UTC, "2026-02-01T13:00", 6),
]

NICKNAMES = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * 0"}
NAMES = "sun mon tue wed thu fri sat".split()
SPANS = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7), (0, 59)]


def values(text, low, high):
    found = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        ends = [NAMES.index(end) if end in NAMES else end for end in span.split("-")]
        first, last = (low, high) if span == "*" else (int(ends[0]), int(ends[-1]))
        found.update(range(first, last + 1, int(step or 1)))
    return found


def fits(expression):
    texts = (NICKNAMES.get(expression, expression).split() + ["0"])[:6]
    minute, hour, day, month, weekday, second = (values(text, *span) for text, span in zip(texts, SPANS))

    def test(at):
        by_day = at.day in day
        by_weekday = bool({at.isoweekday(), at.isoweekday() % 7} & weekday)
        either = "*" not in (texts[2], texts[4])
        fitting = (by_day or by_weekday) if either else (by_day and by_weekday)
        return fitting and at.month in month and at.hour in hour and at.minute in minute and at.second in second

    return test, texts[1].startswith("*"), timedelta(minutes=1) if texts[5] == "0" else timedelta(seconds=1)


def runs(expression, zone, after, count):
    test, real_time, step = fits(expression)
    start = after.replace(tzinfo=zone).astimezone(timezone.utc)
    return (by_real_time if real_time else by_clock)(test, zone, start, step, count)


def by_real_time(test, zone, start, step, count):
    found, at = [], start
    while len(found) < count:
        at += step
        if test(at.astimezone(zone).replace(tzinfo=None)):
            found.append(at)
    return found


def by_clock(test, zone, start, step, count):
    found, local = set(), start.astimezone(zone).replace(tzinfo=None) - timedelta(hours=3)
    while len(found) < count:
        local += step
        if test(local):
            at = first_instant(local, zone, step)
            if at > start:
                found.add(at)
    return sorted(found)


def first_instant(local, zone, step):
    while True:
        at = local.replace(tzinfo=zone, fold=0).astimezone(timezone.utc)
        if at.astimezone(zone).replace(tzinfo=None) == local:
            return at
        local += step


def stamp(at):
    return at.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


rows = []
for expression, name, after, count in CASES:
    zone, local = ZoneInfo(name), datetime.fromisoformat(after)
    found = runs(expression, zone, local, count)
    rows.append({"expression": expression, "timezone": name, "after": stamp(local.replace(tzinfo=zone)), "runs": [stamp(at) for at in found]})
Path(__file__).with_name("table.json").write_text(json.dumps(rows, indent=2) + "\n")
print(f"{len(rows)} cases")
