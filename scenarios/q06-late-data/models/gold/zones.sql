-- Late trips change the groups that they belong to: MERGE of the rows of affected keys.
{{ config(materialized='incremental', incremental_strategy='merge', every='200ms') }}
select cast(pickup as date) as day, zone, count(*) as trips, sum(amount) as amount
from {{ source('bronze', 'trips') }} where revision = 0 group by all
