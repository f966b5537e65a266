"""What python-dateutil makes of rules, and icalendar of calendars.

    peers.py rules MOST LAST   reads lines `RULE YYYYMMDD`, prints the first days up to the year LAST
    peers.py events            reads a calendar, prints one line an event: uid start end alarm alarm ... title
    peers.py write SEED COUNT  writes a calendar of so many events drawn at random into calendar.ics, and
                               prints the times that each takes up, by python-dateutil and zoneinfo

Instants are seconds since 1970.
"""
import random, sys, warnings
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

warnings.simplefilter("ignore")


def rules(most, last):
    import datetime as times
    import dateutil.rrule
    from itertools import islice
    from types import SimpleNamespace
    rrulestr = dateutil.rrule.rrulestr
    end = datetime(last, 12, 31)
    # A rule without a day is followed to the last year there is: for minutes, were that 9999.
    dateutil.rrule.datetime = SimpleNamespace(**{**vars(times), "MAXYEAR": last})
    for line in sys.stdin:
        text, day = line.rsplit(" ", 1)
        try:
            rule = rrulestr(text, dtstart=datetime.strptime(day.strip(), "%Y%m%d"))
        except (ValueError, TypeError) as why:
            print("refused")
            continue
        days = (it for it in rule if it <= end)
        print(",".join(it.strftime("%Y%m%d") for it in islice(days, most)))


def events():
    from icalendar import Calendar
    for it in Calendar.from_ical(sys.stdin.buffer.read()).walk("VEVENT"):
        start = it["DTSTART"].dt
        alarms = [start + alarm["TRIGGER"].dt for alarm in it.walk("VALARM")]
        times = [start, it["DTEND"].dt] + alarms
        print(it["UID"], *[int(at.timestamp()) for at in times], it["SUMMARY"])


ZONES = ["Europe/Paris", "America/Chicago", "Australia/Lord_Howe", "Africa/Nairobi",
         "Indian/Mauritius", "America/St_Johns", "Asia/Kathmandu", "America/Santiago"]
RULES = ["FREQ=DAILY;COUNT=9", "FREQ=WEEKLY;BYDAY=SA,SU;COUNT=12", "FREQ=MONTHLY;BYDAY=-1SU;COUNT=8",
         "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=6", "FREQ=YEARLY;BYMONTH=3,10;BYDAY=-1SU;COUNT=6",
         "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU;COUNT=10", "FREQ=YEARLY;COUNT=3",
         "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=7"]


def write(seed, count):
    from dateutil.rrule import rrulestr
    from icalendar import Alarm, Calendar, Event, vRecur
    draw = random.Random(seed)
    here = ZoneInfo("Africa/Nairobi")
    calendar = Calendar()
    calendar.add("prodid", "-//a test//EN")
    calendar.add("version", "2.0")
    for number in range(count):
        event = Event()
        event.add("uid", f"{number}@test")
        event.add("dtstamp", datetime(2026, 1, 1, tzinfo=timezone.utc))
        event.add("summary", "Leave; of Réyes, and more, " * draw.randrange(1, 6))
        kind = draw.randrange(4)
        zone = [ZoneInfo(draw.choice(ZONES)), timezone.utc, None, None][kind]
        wall = datetime(draw.randrange(2020, 2030), draw.randrange(1, 13), draw.randrange(1, 29),
                        draw.randrange(24), draw.choice([0, 0, 15, 30, 59]))
        if draw.random() < 0.5:
            # Nights in which clocks change.
            wall = wall.replace(month=draw.choice([3, 4, 10, 11]), day=draw.randrange(1, 29),
                                hour=draw.randrange(0, 4))
        text = draw.choice(RULES) if draw.random() < 0.5 else None
        place = zone or here
        at = lambda it: it.replace(tzinfo=place).timestamp()
        if kind == 3:
            wall = wall.replace(hour=0, minute=0)
            length = timedelta(days=draw.randrange(1, 9))
            event.add("dtstart", wall.date())
            event.add("dtend", (wall + length).date())
            end = lambda it: at(it + length)
        elif draw.random() < 0.5:
            # An end is a time on the wall.
            length = timedelta(minutes=draw.randrange(1, 3000))
            event.add("dtstart", wall.replace(tzinfo=zone))
            event.add("dtend", (wall + length).replace(tzinfo=zone))
            end = lambda it: at(it + length)
        else:
            # Days are days on the wall, hours are hours: RFC 5545, section 3.3.6.
            length = timedelta(minutes=draw.randrange(1, 3000))
            event.add("dtstart", wall.replace(tzinfo=zone))
            event.add("duration", length)
            end = lambda it: at(it + timedelta(days=length.days)) + length.seconds
        days = [wall]
        if text and draw.random() < 0.5 and kind != 3:
            # The end of a rule as an instant.
            text = text.split(";COUNT")[0]
            until = wall + timedelta(days=draw.randrange(100), hours=draw.randrange(24))
            days = list(rrulestr(text, dtstart=wall).between(wall, until, inc=True))
            if zone:
                # By instants, so that what the clock jumps over does not matter.
                instant = until.replace(tzinfo=zone).astimezone(timezone.utc)
                days = [it for it in rrulestr(text, dtstart=wall).between(wall, until + timedelta(days=2), inc=True)
                        if at(it) <= instant.timestamp()]
                text += instant.strftime(";UNTIL=%Y%m%dT%H%M%SZ")
            else:
                text += until.strftime(";UNTIL=%Y%m%dT%H%M%S")
            event.add("rrule", vRecur.from_ical(text))
        elif text:
            event.add("rrule", vRecur.from_ical(text))
            days = list(rrulestr(text, dtstart=wall))
        if len(days) > 2 and text and draw.random() < 0.4:
            away = days.pop(draw.randrange(len(days)))
            if kind == 3:
                event.add("exdate", away.date())
            elif zone and draw.random() < 0.5:
                event.add("exdate", away.replace(tzinfo=zone).astimezone(timezone.utc))
            else:
                event.add("exdate", away.replace(tzinfo=zone))
        if draw.random() < 0.3:
            alarm = Alarm()
            alarm.add("action", "DISPLAY")
            alarm.add("trigger", timedelta(minutes=-15))
            event.add_component(alarm)
        calendar.add_component(event)
        for day in days:
            print(number, int(at(day)), int(end(day)))
    with open("calendar.ics", "wb") as file:
        file.write(calendar.to_ical())


if __name__ == "__main__":
    words = [int(it) if it.isdigit() else it for it in sys.argv[1:]]
    {"rules": rules, "events": events, "write": write}[words[0]](*words[1:])
