{{ config(
    materialized='incremental',
    every='1s',
    unique_key='event_id',
    event_time='event_time',
    deduplication_window='2m',
    quarantine='quarantine.silver_clicks'
) }}

-- Each click once, its visitor known by a pseudonym alone. What fails a rule stands in the quarantine with its reason.
select
    event_id,
    event_time,
    keyed_hash(user_id) as user_key,
    session_id,
    click,
    page,
    category,
    country,
    price,
    case
        when price < 0 then 'price is below zero'
        when click < 1 then 'clicks of a session count from 1'
    end as _rejected,
    _partition,
    _offset
from {{ source('bronze', 'clicks') }}
