-- The job of project/models/live/clicks_windows.sql for Flink: @NAME@ is filled in by `run`. Rows whose window ended
-- before the watermark go to clicks.late, as they do in Tarn; all others are counted. For Flink SQL a window is over when
-- the watermark reaches its last millisecond, not its end: what comes then its aggregate drops without a trace, and the
-- branch of late rows must judge by the same rule. It judges at another operator, where the watermark may stand further
-- back: rows that the aggregate dropped and this branch did not take are counted apart (figures.py, Naive.account).
SET 'table.local-time-zone' = 'UTC';
SET 'table.exec.mini-batch.enabled' = 'true';
SET 'table.exec.mini-batch.allow-latency' = '100 ms';
SET 'table.exec.mini-batch.size' = '20000';
SET 'table.optimizer.agg-phase-strategy' = 'TWO_PHASE';
-- A window takes no more rows 15 s after its start; what is kept longer only costs memory.
SET 'table.exec.state.ttl' = '60 s';
-- The sink's key is the key of the query, so no row can meet another's; the operator that would order them costs state
-- and time for nothing.
SET 'table.exec.sink.upsert-materialize' = 'NONE';

CREATE TABLE clicks (
    event_id STRING, event_time TIMESTAMP_LTZ(3), user_id STRING, session_id STRING, click INT,
    page STRING, category STRING, country STRING, price INT,
    WATERMARK FOR event_time AS event_time - INTERVAL '10' SECOND
) WITH (
    'connector' = 'kafka', 'topic' = 'clicks', 'properties.bootstrap.servers' = '@KAFKA@',
    'properties.group.id' = 'same_job', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json',
    'json.ignore-parse-errors' = 'true', 'json.timestamp-format.standard' = 'ISO-8601');

CREATE TABLE clicks_windows (
    window_start TIMESTAMP(3), page STRING, page_views BIGINT, revenue BIGINT, dearest INT,
    PRIMARY KEY (window_start, page) NOT ENFORCED
) WITH (
    'connector' = 'upsert-kafka', 'topic' = 'clicks_windows', 'properties.bootstrap.servers' = '@KAFKA@',
    'key.format' = 'json', 'value.format' = 'json');

CREATE TABLE clicks_late (event_id STRING, event_time TIMESTAMP(3)) WITH (
    'connector' = 'kafka', 'topic' = 'clicks.late', 'properties.bootstrap.servers' = '@KAFKA@', 'format' = 'json');

CREATE TEMPORARY VIEW placed AS
SELECT
    event_id, CAST(event_time AS TIMESTAMP(3)) AS event_time, page, price, window_start, window_end,
    CURRENT_WATERMARK(window_time) IS NOT NULL
        AND CAST(window_end AS TIMESTAMP_LTZ(3)) - INTERVAL '0.001' SECOND <= CURRENT_WATERMARK(window_time) AS late
FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(event_time), INTERVAL '5' SECOND))
WHERE event_id IS NOT NULL AND user_id IS NOT NULL AND session_id IS NOT NULL AND click IS NOT NULL
    AND page IS NOT NULL AND category IS NOT NULL AND country IS NOT NULL;

EXECUTE STATEMENT SET BEGIN
INSERT INTO clicks_windows
SELECT window_start, page, COUNT(*), SUM(CAST(price AS BIGINT)), MAX(price)
FROM placed WHERE NOT late
GROUP BY window_start@END@, page
ON CONFLICT DO DEDUPLICATE;
INSERT INTO clicks_late SELECT event_id, event_time FROM placed WHERE late;
END;
