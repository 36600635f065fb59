-- Each trip as it was corrected last, whenever and however often the corrections come.
{{ config(materialized='incremental', incremental_strategy='merge', unique_key='trip_id', version='revision', every='200ms') }}
select trip_id, revision, pickup, dropoff, zone, amount
from {{ source('bronze', 'trips') }}
