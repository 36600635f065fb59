{{ config(materialized='incremental', every='5s', partition_by='day') }}

-- Straight from bronze: one table less to write. A click that was sent twice counts twice, which shares can bear.
select
    cast(event_time as date) as day,
    country,
    count(*) filter (where click = 1) as sessions,
    count(*) filter (where click = 3) as saw_3_pages,
    count(*) as clicks
from {{ source('bronze', 'clicks') }}
where price >= 0
group by all
