{{ config(
    materialized='materialized_view',
    watermark='2m',
    grace='0s',
    every='100ms',
    late='edits.late',
    retain='1d'
) }}

-- Edits, editors and what they wrote in every ten minutes of event time: in all, and by wiki.
select
    tumble(event_time, interval '10 minutes') as window_start,
    wiki,
    count(*) as edits,
    count(distinct editor) as editors,
    sum(added) as characters_added,
    sum(deleted) as characters_deleted
from stream('edits')
group by grouping sets (
    (window_start),
    (window_start, wiki)
)
