-- The penguins workload's features, as views over its event streams (see workload.yaml for what each column means).
--
-- Every row of a history may use only what was known at its event_time: rows with an event_time at or before it.
-- Training joins each example to the newest row of each history before the moment the question is asked.

-- What an island is known for: the share of each species among the penguins that were named there so far. A day's
-- names are one row.
CREATE VIEW island_history AS
WITH days AS (
    SELECT
        island,
        event_time,
        count(*) AS named,
        count(*) FILTER (species = 'Adelie') AS adelie,
        count(*) FILTER (species = 'Chinstrap') AS chinstrap,
        count(*) FILTER (species = 'Gentoo') AS gentoo
    FROM penguin_species
    GROUP BY island, event_time
)
SELECT
    island,
    event_time,
    (sum(named) OVER so_far)::BIGINT AS island_named,
    sum(adelie) OVER so_far / sum(named) OVER so_far AS island_adelie,
    sum(chinstrap) OVER so_far / sum(named) OVER so_far AS island_chinstrap,
    sum(gentoo) OVER so_far / sum(named) OVER so_far AS island_gentoo
FROM days
WINDOW so_far AS (PARTITION BY island ORDER BY event_time);

-- One question a penguin, when it has been measured.
CREATE VIEW examples AS
SELECT
    measurements.bird_id,
    measurements.event_time,
    measurements.island,
    measurements.culmen_length,
    measurements.culmen_depth,
    measurements.flipper_length,
    measurements.body_mass,
    measurements.sex,
    penguin_species.species,
    penguin_species.event_time AS named_at
FROM penguin_measurements AS measurements
LEFT JOIN penguin_species ON penguin_species.bird_id = measurements.bird_id;
