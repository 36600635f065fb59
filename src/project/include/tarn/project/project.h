#pragma once

// A project: a folder with tarn.yml and models/**/*.sql, read and checked as a whole. Every message
// names file and line and, where a word is unknown, the nearest known one.
//
// What may stand in tarn.yml is in the rows of its sections (section.h), and with examples in
// docs/reference/project.md. A model is a file of SQL with a header:
//
//   -- models/live/clicks_windows.sql
//   {{ config(materialized='materialized_view', watermark='10s', grace='0s', late='clicks.late') }}
//   select tumble(event_time, interval '5 seconds') as window_start, … from stream('clicks') …
//
//   -- models/silver/clicks.sql: from table to table, on each commit of the source
//   {{ config(materialized='incremental', unique_key='event_id', event_time='event_time') }}
//   select event_id, event_time, …, case when price < 0 then 'price is below zero' end as _rejected
//   from {{ source('bronze', 'clicks') }}        -- or {{ ref('clicks') }}: the model of that name
//
// A topic that is dead_letters_of another holds the original bytes; one that is late_of another has
// its columns. Both get extra columns from record headers (see header_columns).

#include <any>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/base/settings.h"
#include "tarn/base/time.h"
#include "tarn/codec/column_batch.h"
#include "tarn/codec/payload_format.h"
#include "tarn/io/file_system.h"
#include "tarn/project/section.h"

namespace tarn::project {

// A column whose value is a record header's, as text parsed to the type.
struct HeaderColumn {
    codec::ColumnSpec column;
    std::string header;
};

struct TopicTable {
    std::string name;                       // "bronze.clicks"
    Duration every = Duration::seconds(5);  // epoch cadence of the flow that writes it
    std::vector<std::string> partition_by;  // default {"_date", "_hour"}: of _ingested_at, UTC
    int line = 0;
};

struct Topic {
    std::string name;
    int32_t partitions = 1;
    Duration retention = Duration::seconds(7 * 24 * 3600);
    int64_t retention_bytes = -1;
    const codec::PayloadFormat* format = codec::find_payload_format(codec::kDefaultFormat);
    std::vector<codec::ColumnSpec> columns;  // raw: key BLOB, value BLOB
    std::map<std::string, codec::TimeForm> times =
        {};  // of columns that say how theirs are written
    std::map<std::string, codec::FieldForm> forms = {};  // of columns that say where theirs are
    std::vector<HeaderColumn> header_columns;            // of dead letter and late topics
    std::optional<TopicTable> table;
    std::string dead_letters;              // topic name; empty for raw topics
    std::string late_of, dead_letters_of;  // source topic, or empty
    bool implied = false;                  // neither it nor its name stands in the project
    int line = 0;

    // Whether its records are made into columns; those of the others are kept as they are.
    bool decoded() const { return format->make_decoder != nullptr; }
};

// models/**/<name>.sql with materialized='materialized_view'. The schema is the folder's name under
// models/.
struct LiveModel {
    std::string name;    // "live.clicks_windows"
    std::string file;    // relative to the project
    std::string sql;     // without the config block; line numbers kept
    std::string stream;  // topic of stream('…')
    Duration watermark =
        Duration::seconds(10);  // bound of disorder: watermark = newest event time − this
    Duration grace = Duration();
    Duration idle = Duration::seconds(10);  // a partition silent for longer holds nothing back
    Duration every = Duration::millis(100);
    Duration retain = Duration::seconds(3600);  // windows older than this are removed from the view
    std::string late;                           // topic for late rows; empty: counted only
};

// models/**/<name>.sql with materialized='incremental': a flow from one table to another. What it
// does follows from its SQL: rows one by one are appended, groups are merged into the table,
// sessions are appended when they are closed.
struct TableModel {
    std::string name;    // "silver.clicks": its table
    std::string file;    // relative to the project
    std::string sql;     // references replaced by stream('schema.table'); line numbers kept
    std::string source;  // "bronze.clicks": a topic's table, another model's, or one in the lake
    Duration every = Duration::seconds(5);
    std::vector<std::string> partition_by = {};
    // Its input is what changed in the source, not only what was added: rows are logged, kept by
    // unique_key (several columns, with commas between), or make groups that are worked out anew.
    bool changes = false;
    std::string incremental_strategy =
        {};  // "append", "insert_overwrite", "merge"; empty: by the SQL
    // Rows: each key once within a window of event time; rows that fail a rule.
    std::string unique_key = {}, event_time = {};
    Duration deduplication_window = Duration::seconds(600);
    std::string quarantine = {};  // table
    std::string version = {};     // column: of the rows of a key the greatest stands
    // Sessions and windows.
    Duration watermark = Duration::seconds(10);
    Duration grace = Duration();
    std::string late = {};  // table; empty: late rows are counted only
};

struct Project {
    std::string name;
    std::string folder;
    // Of its files, as text_of() (check.h) gives it, read no later than what they say: where it is
    // that of now, the project has not changed.
    std::string text = {};
    std::map<std::string, Topic> topics;
    std::vector<LiveModel> live_models;
    std::vector<TableModel> table_models;  // each behind the one it reads
    Settings::Values settings;
    std::map<std::string, std::any, std::less<>> sections;  // those of other modules, by key

    // What the section of another module has left; null if it left nothing, or something else.
    template <class T>
    const T* section(std::string_view key) const {
        auto it = sections.find(key);
        return it == sections.end() ? nullptr : std::any_cast<T>(&it->second);
    }
};

// Errors: kNotFound (no tarn.yml), kInvalidArgument ("tarn.yml:12: …").
Result<Project> load_project(io::FileSystem& fs, const std::string& folder,
                             std::span<const Section> sections = sections());

// A dead letter topic that the project does not name was called `<topic>.quarantine` before: it
// stays so where `stands` says that a topic of that name is there already.
void keep_dead_letters(Project& project, const std::function<bool(const std::string&)>& stands);

// All columns of a topic's table: its own, those of headers, and the metadata _topic VARCHAR,
// _partition INTEGER, _offset BIGINT, _timestamp TIMESTAMPTZ, _ingested_at TIMESTAMPTZ, _batch_id
// BIGINT, _key BLOB, _extra VARCHAR (undeclared fields as JSON; json topics), _date DATE, _hour
// INTEGER (both of _ingested_at, UTC).
std::vector<codec::ColumnSpec> table_columns(const Topic& topic);

}  // namespace tarn::project
