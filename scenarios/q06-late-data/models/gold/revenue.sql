-- Days of corrected trips: a correction changes the day's amount, it does not add to it.
{{ config(materialized='incremental', changes=true, partition_by='day', every='200ms') }}
select cast(pickup as date) as day, count(*) as trips, sum(amount) as amount
from {{ ref('silver.trips') }} group by all
