-- The delays workload's features, as views over the flights' event streams (workload.yaml says what each column means).
--
-- Every row of a history may use only what was known at its event_time: rows with an event_time at or before it.
-- Training joins each example to the newest row of each history before the moment the question is asked.

-- How a route flies now: what its last flights made up or lost between gate and gate, and how long they flew. Arrivals
-- in the same minute are one row.
CREATE VIEW route_history AS
WITH landings AS (
    SELECT
        origin || '-' || destination AS route,
        event_time,
        flight_id,
        arrival_delay - departure_delay AS change,
        air_time
    FROM arrivals
),
rolling AS (
    SELECT
        route,
        event_time,
        flight_id,
        avg(change) OVER (newest ROWS BETWEEN 4 PRECEDING AND CURRENT ROW) AS route_change_5,
        avg(change) OVER (recent RANGE BETWEEN INTERVAL 6 HOUR PRECEDING AND CURRENT ROW) AS route_change_6h,
        avg(air_time) OVER (newest ROWS BETWEEN 4 PRECEDING AND CURRENT ROW) AS route_air_time_5
    FROM landings
    WINDOW
        newest AS (PARTITION BY route ORDER BY event_time, flight_id),
        recent AS (PARTITION BY route ORDER BY event_time)
)
SELECT route, event_time, route_change_5, route_change_6h, route_air_time_5
FROM rolling
QUALIFY row_number() OVER (PARTITION BY route, event_time ORDER BY flight_id DESC) = 1;

-- How busy an airport of New York is: who leaves a gate waits behind those that left theirs before. A departure
-- counts those of the minutes before it, and never itself.
CREATE VIEW origin_history AS
SELECT DISTINCT
    origin,
    event_time,
    count(*) OVER (busy RANGE BETWEEN INTERVAL 30 MINUTE PRECEDING AND INTERVAL 1 MINUTE PRECEDING) AS origin_left_30m,
    avg(departure_delay) OVER (
        busy RANGE BETWEEN INTERVAL 1 HOUR PRECEDING AND INTERVAL 1 MINUTE PRECEDING
    ) AS origin_delay_1h
FROM departures
WINDOW busy AS (PARTITION BY origin ORDER BY event_time);

-- One question a flight that left: when it has left its gate, and not before its scheduled minute, because its schedule
-- counts as known from then on. Diverted flights never arrive, so they have no answer.
CREATE VIEW examples AS
WITH left_gate AS (
    SELECT
        departures.flight_id,
        greatest(departures.event_time, schedules.event_time) AS event_time,
        departures.origin,
        departures.destination,
        departures.departure_delay,
        schedules.carrier,
        schedules.distance,
        schedules.local_minute AS departure_minute,
        isodow(schedules.local_date::DATE) AS weekday,
        schedules.scheduled_minutes
    FROM departures JOIN schedules ON schedules.flight_id = departures.flight_id
)
SELECT
    left_gate.*,
    left_gate.origin || '-' || left_gate.destination AS route,
    weather.temperature,
    weather.wind_direction,
    -- On 12 February 2013 a sensor at EWR reported a wind of 1,048 miles an hour.
    CASE WHEN weather.wind_speed <= 150 THEN weather.wind_speed END AS wind_speed,
    weather.pressure,
    weather.visibility,
    arrivals.arrival_delay AS minutes_late,
    arrivals.event_time AS arrived_at
FROM left_gate
ASOF LEFT JOIN weather ON weather.origin = left_gate.origin AND weather.event_time <= left_gate.event_time
LEFT JOIN arrivals ON arrivals.flight_id = left_gate.flight_id;
