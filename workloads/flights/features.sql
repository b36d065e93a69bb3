-- The flights workload's features, as views over its event streams (see workload.yaml for what each column means).
--
-- Every row of a history may use only what was known at its event_time: rows with an event_time at or before it.
-- Training joins each example to the newest row of each history before the moment the question is asked.

-- An airport's punctuality now. The delay of a flight that has not left is the time it has waited so far, so that a
-- jam shows while it builds up. A flight counts from its scheduled departure, and never in its own row: what an
-- early departure would tell about itself is not history.
CREATE VIEW origin_history AS
WITH flown AS (
    SELECT schedules.origin, schedules.event_time AS scheduled, departures.event_time AS departed
    FROM schedules LEFT JOIN departures USING (flight_id)
),
-- Each flight under the hours in which it can be "in the two hours before": an equality that the join can hash.
by_hour AS (
    SELECT *, date_trunc('hour', scheduled) + later * INTERVAL 1 HOUR AS hour
    FROM flown, (VALUES (0), (1), (2)) AS hours (later)
),
instants AS (
    SELECT DISTINCT origin, event_time, date_trunc('hour', event_time) AS hour FROM schedules
),
waits AS (
    SELECT
        instants.origin,
        instants.event_time,
        by_hour.scheduled,
        by_hour.departed IS NULL OR by_hour.departed > instants.event_time AS waiting,
        date_diff('minute', by_hour.scheduled, least(by_hour.departed, instants.event_time)) AS delay
    FROM instants JOIN by_hour
        ON by_hour.origin = instants.origin
        AND by_hour.hour = instants.hour
        AND by_hour.scheduled < instants.event_time
        AND by_hour.scheduled >= instants.event_time - INTERVAL 2 HOUR
)
SELECT
    origin,
    event_time,
    avg(delay) FILTER (scheduled >= event_time - INTERVAL 1 HOUR) AS origin_delay_1h,
    avg(delay) AS origin_delay_2h,
    avg(waiting::INTEGER) AS origin_waiting_2h,
    count(*) AS origin_flights_2h
FROM waits
GROUP BY origin, event_time;

-- A route's punctuality at its last arrival. Arrivals in the same minute are one row.
CREATE VIEW route_history AS
WITH landings AS (
    SELECT
        origin || '-' || destination AS route,
        event_time,
        flight_id,
        arrival_delay,
        (arrival_delay > 15)::INTEGER AS late
    FROM arrivals
),
rolling AS (
    SELECT
        route,
        event_time,
        flight_id,
        avg(arrival_delay) OVER (newest ROWS BETWEEN 4 PRECEDING AND CURRENT ROW) AS route_delay_5,
        avg(arrival_delay) OVER (recent RANGE BETWEEN INTERVAL 1 DAY PRECEDING AND CURRENT ROW) AS route_delay_1d,
        avg(late) OVER (recent RANGE BETWEEN INTERVAL 14 DAY PRECEDING AND CURRENT ROW) AS route_late_14d
    FROM landings
    WINDOW
        newest AS (PARTITION BY route ORDER BY event_time, flight_id),
        recent AS (PARTITION BY route ORDER BY event_time)
)
SELECT route, event_time, route_delay_5, route_delay_1d, route_late_14d
FROM rolling
QUALIFY row_number() OVER (PARTITION BY route, event_time ORDER BY flight_id DESC) = 1;

-- What an aircraft brings with it from its previous leg out of New York.
CREATE VIEW aircraft_history AS
SELECT
    arrivals.tail_number,
    arrivals.event_time,
    arrivals.arrival_delay AS aircraft_arrival_delay,
    arrivals.departure_delay AS aircraft_departure_delay,
    planes.seats AS aircraft_seats,
    planes.built AS aircraft_built
FROM arrivals
ASOF LEFT JOIN planes ON planes.tail_number = arrivals.tail_number AND planes.event_time <= arrivals.event_time
WHERE arrivals.tail_number IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY arrivals.tail_number, arrivals.event_time ORDER BY arrivals.flight_id DESC) = 1;

-- One question a flight. Cancelled and diverted flights never arrive, so they have no answer.
CREATE VIEW examples AS
SELECT
    schedules.flight_id,
    schedules.event_time,
    schedules.origin || '-' || schedules.destination AS route,
    schedules.tail_number,
    schedules.carrier,
    schedules.origin,
    schedules.destination,
    schedules.distance,
    schedules.local_minute AS departure_minute,
    isodow(schedules.local_date::DATE) AS weekday,
    schedules.scheduled_minutes,
    weather.temperature,
    weather.dew_point,
    weather.humidity,
    weather.wind_direction,
    -- On 12 February 2013 a sensor at EWR reported a wind of 1,048 miles an hour.
    CASE WHEN weather.wind_speed <= 150 THEN weather.wind_speed END AS wind_speed,
    weather.wind_gust,
    weather.precipitation,
    weather.pressure,
    weather.visibility,
    arrivals.arrival_delay > 15 AS late,
    arrivals.event_time AS arrived_at
FROM schedules
ASOF LEFT JOIN weather ON weather.origin = schedules.origin AND weather.event_time <= schedules.event_time
LEFT JOIN arrivals ON arrivals.flight_id = schedules.flight_id;
