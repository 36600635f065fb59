{{ config(materialized='materialized_view', watermark='10s', every='100ms', retain='1h') }}

-- Clicks by country in windows of five seconds, a tenth of a second after they came.
select tumble(event_time, interval '5 seconds') as window_start, country, count(*) as clicks
from stream('clicks')
group by 1, 2
