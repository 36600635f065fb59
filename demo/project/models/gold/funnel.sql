{{ config(
    materialized='incremental',
    every='5s',
    partition_by='day'
) }}

-- How deep sessions go, by day and country. Each click of a session has its number and stands once, so clicks number
-- three are the sessions that saw three pages.
select
    cast(event_time as date) as day,
    country,
    count(*) filter (where click = 1) as sessions,
    count(*) filter (where click = 3) as saw_3_pages,
    count(*) filter (where click = 5) as saw_5_pages,
    count(*) filter (where click = 10) as saw_10_pages,
    count(*) as clicks,
    max(event_time) as newest
from {{ ref('clicks') }}
group by all
