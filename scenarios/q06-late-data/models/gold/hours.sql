-- An hour is final once the watermark has passed it by three days; what comes later is kept aside.
{{ config(materialized='incremental', incremental_strategy='append', watermark='2h', grace='3d', late='late.trips', every='200ms') }}
select tumble(pickup, interval '1 hour') as hour, zone, count(*) as trips, sum(amount) as amount
from {{ source('bronze', 'trips') }} where revision = 0 group by all
