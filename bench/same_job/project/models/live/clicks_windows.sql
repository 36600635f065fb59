{{ config(
    materialized='materialized_view',
    watermark='10s',
    grace='0s',
    every='100ms',
    late='clicks.late',
    retain='1h'
) }}

-- What each page of the shop was seen for, every five seconds of event time.
select
    tumble(event_time, interval '5 seconds') as window_start,
    page,
    count(*) as page_views,
    sum(price) as revenue,
    max(price) as dearest
from stream('clicks')
group by window_start, page
