"""Schedule expressions: ``rate(...)``, ``cron(...)`` and ``at(...)`` as EventBridge reads them."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_FORM = re.compile(r"(rate|cron|at)\((.+)\)")
_RATE = re.compile(r"([1-9]\d*) (minute|hour|day)(s?)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_WEEKDAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
_LAST_YEAR = 2199
_HORIZON_DAYS = 366 * 8 + 1  # the 29th of February comes at least every eight years


class ExpressionError(ValueError):
    """A schedule expression that EventBridge would refuse."""


def next_time(expression: str, after: datetime, since: datetime, timezone: str = "UTC") -> datetime | None:
    """Return when a schedule is due next.

    Parameters
    ----------
    expression : str
        ``rate(15 minutes)``, ``cron(0 12 ? * MON-FRI *)`` or ``at(2026-01-31T08:00:00)``.
    after : datetime
        The answer is later than this; aware.
    since : datetime
        From when a rate counts: its schedule's creation or last change; aware.
    timezone : str
        What cron and at are meant in.

    Raises
    ------
    ExpressionError
        If the expression means nothing; the message says what is wrong.
    """
    found = _FORM.fullmatch(expression.strip())
    if not found:
        raise ExpressionError(f"a schedule must be rate(...), cron(...) or at(...), got {expression!r}")
    kind, inner = found.groups()
    if kind == "rate":
        return _next_rate(inner, after, since)
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ExpressionError(f"the time zone must be one of the IANA data base, got {timezone!r}") from error
    if kind == "cron":
        return Cron.parse(inner).next(after, zone)
    try:
        moment = datetime.strptime(inner, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=zone)
    except ValueError as error:
        raise ExpressionError(f"at(...) must hold yyyy-mm-ddThh:mm:ss, got {inner!r}") from error
    return moment.astimezone(UTC) if moment > after else None


def _next_rate(inner: str, after: datetime, since: datetime) -> datetime:
    found = _RATE.fullmatch(inner)
    if not found or (found[1] == "1") == bool(found[3]):
        raise ExpressionError(f"rate(...) must hold a number and minute(s), hour(s) or day(s), got {inner!r}")
    seconds = int(found[1]) * _SECONDS[found[2]]
    passed = max((after - since).total_seconds() // seconds + 1, 1)
    return since + timedelta(seconds=passed * seconds)


@dataclass(frozen=True)
class Cron:
    """Six fields, worked out: sets of numbers, and for days a function of the date."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: frozenset[int]
    years: frozenset[int]
    is_day: Callable[[date], bool]

    @classmethod
    def parse(cls, text: str) -> Cron:
        """Read ``minutes hours day-of-month month day-of-week year``."""
        fields = text.split()
        if len(fields) != 6:
            raise ExpressionError(f"cron(...) must have 6 fields (minute hour day month weekday year), got {text!r}")
        minute, hour, day, month, weekday, year = (field.upper() for field in fields)
        if (day == "?") == (weekday == "?"):
            raise ExpressionError(f"exactly one of day-of-month and day-of-week must be ?, got {day} and {weekday}")
        return cls(
            minutes=tuple(sorted(_numbers(minute, 0, 59))),
            hours=tuple(sorted(_numbers(hour, 0, 23))),
            months=frozenset(_numbers(month, 1, 12, _MONTHS)),
            years=frozenset(_numbers(year, 1970, _LAST_YEAR)),
            is_day=_day_of_month(day) if weekday == "?" else _day_of_week(weekday),
        )

    def next(self, after: datetime, zone: tzinfo) -> datetime | None:
        """Return the first moment after another, None if there is none within eight years."""
        start = after.astimezone(zone)
        for offset in range(_HORIZON_DAYS):
            day = start.date() + timedelta(days=offset)
            if day.year not in self.years or day.month not in self.months or not self.is_day(day):
                continue
            for hour in self.hours:
                for minute in self.minutes:
                    moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
                    if moment > after:
                        return moment.astimezone(UTC)
        return None


def _numbers(field: str, low: int, high: int, names: dict[str, int] | None = None) -> set[int]:
    def number(text: str) -> int:
        value = (names or {}).get(text) or (int(text) if text.isdigit() else None)
        if value is None or not low <= value <= high:
            raise ExpressionError(f"a field of cron(...) must be between {low} and {high}, got {text!r}")
        return value

    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        start = low if span in ("*", "?") else number(first)
        end = number(last) if last else (high if span in ("*", "?") or step else start)
        if step and not (step.isdigit() and int(step)):
            raise ExpressionError(f"a step of cron(...) must be a whole number above 0, got {part!r}")
        found.update(range(start, end + 1, int(step or 1)))
    return found


def _day_of_month(field: str) -> Callable[[date], bool]:
    if field == "L":
        return lambda day: day.day == calendar.monthrange(day.year, day.month)[1]
    if field.endswith("W"):
        (wanted,) = _numbers(field[:-1], 1, 31)
        return lambda day: day.day == _nearest_workday(day, wanted)
    days = _numbers(field, 1, 31)
    return lambda day: day.day in days


def _nearest_workday(month: date, wanted: int) -> int:
    last = calendar.monthrange(month.year, month.month)[1]
    if wanted > last:
        return 0
    weekday = date(month.year, month.month, wanted).weekday()
    if weekday == 5:
        return wanted - 1 if wanted > 1 else wanted + 2
    if weekday == 6:
        return wanted + 1 if wanted < last else wanted - 2
    return wanted


def _day_of_week(field: str) -> Callable[[date], bool]:
    def weekday(day: date) -> int:
        return day.isoweekday() % 7 + 1  # 1 is Sunday

    if "#" in field:
        name, _, which = field.partition("#")
        (wanted,), (nth,) = _numbers(name, 1, 7, _WEEKDAYS), _numbers(which, 1, 5)
        return lambda day: weekday(day) == wanted and (day.day - 1) // 7 + 1 == nth
    if field.endswith("L") and field != "L":
        (wanted,) = _numbers(field[:-1], 1, 7, _WEEKDAYS)
        return lambda day: weekday(day) == wanted and day.day + 7 > calendar.monthrange(day.year, day.month)[1]
    days = {7} if field == "L" else _numbers(field, 1, 7, _WEEKDAYS)
    return lambda day: weekday(day) in days
