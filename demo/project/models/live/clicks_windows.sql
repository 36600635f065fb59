{{ config(
    materialized='materialized_view',
    watermark='10s',
    grace='0s',
    every='100ms',
    late='clicks.late',
    retain='1h'
) }}

-- Page views and distinct users of every five seconds of event time: in all, by page, by category and by country.
select
    tumble(event_time, interval '5 seconds') as window_start,
    page,
    category,
    country,
    count(*) as page_views,
    count(distinct user_id) as users
from stream('clicks')
group by grouping sets (
    (window_start),
    (window_start, page),
    (window_start, category),
    (window_start, country)
)
