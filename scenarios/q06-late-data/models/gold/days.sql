-- Late trips change the days that they belong to: affected partitions are replaced.
{{ config(materialized='incremental', incremental_strategy='insert_overwrite', partition_by='day', every='200ms') }}
select cast(pickup as date) as day, count(*) as trips, sum(amount) as amount
from {{ source('bronze', 'trips') }} where revision = 0 group by all
