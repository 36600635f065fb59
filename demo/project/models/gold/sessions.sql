{{ config(
    materialized='incremental',
    every='5s',
    watermark='10s',
    late='late.session_clicks'
) }}

-- A row for each session that is over: nothing for half a minute, and nothing that is on time can still come.
select
    session(event_time, interval '30 seconds') as started_at,
    session_id,
    user_key,
    max(event_time) as ended_at,
    count(*) as pages,
    arg_max(page, click) as exit_page
from {{ ref('clicks') }}
group by 1, session_id, user_key
