#pragma once

// The actions of a Delta log as plain values (PROTOCOL.md "Actions"). How they are written down
// stands in actions_json.h. Fields that a writer may leave out are optional; unknown fields are
// dropped.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace tarn::delta {

using StringMap = std::vector<std::pair<std::string, std::optional<std::string>>>;
// The value of a key; nothing if the key is absent or its value is null.
const std::string* find(const StringMap& map, std::string_view key);
// Whether the value of a key is "true", in whatever case (Spark takes any).
bool is_true(const StringMap& map, std::string_view key);

struct Protocol {
    int32_t min_reader = 1;
    int32_t min_writer = 2;
    // Set exactly if min_reader is 3, or min_writer is 7.
    std::optional<std::vector<std::string>> reader_features, writer_features;
};

struct Metadata {
    std::string id;
    std::optional<std::string> name, description;
    std::string format_provider = "parquet";
    std::string schema;  // JSON text; empty in some very old logs
    std::vector<std::string> partition_columns;
    StringMap configuration;
    std::optional<int64_t> created_ms;
};

struct DeletionVector {
    char storage = 'u';  // 'u' relative path, 'p' absolute path, 'i' inline
    std::string path_or_inline;
    std::optional<int32_t> offset;  // absent is not 0 where keys are compared
    int32_t size_bytes = 0;
    int64_t cardinality = 0;
    std::string unique_id() const;
};

struct AddFile {
    std::string path;  // URI-encoded, as in the log
    StringMap partition_values;
    int64_t size = 0;
    int64_t modified_ms = 0;
    bool data_change = true;
    std::string stats;  // JSON text, empty if absent
    StringMap tags;
    std::shared_ptr<const DeletionVector> deletion_vector;
    std::optional<int64_t> base_row_id, default_row_commit_version;
    bool numbered_here = false;  // by a commit that is not made yet: its row ids are not final
    std::optional<std::string> clustering_provider;
    int64_t records =
        -1;  // numRecords of stats: physical rows, before the deletion vector; -1 unknown

    // Rows that a reader sees; -1 unknown.
    int64_t live_rows() const {
        return records < 0 ? -1 : records - (deletion_vector ? deletion_vector->cardinality : 0);
    }
};

struct RemoveFile {
    std::string path;
    std::optional<int64_t> deleted_ms;
    bool data_change = true;
    bool extended = false;  // partition values and size are there
    StringMap partition_values;
    std::optional<int64_t> size;
    std::shared_ptr<const DeletionVector> deletion_vector;
    std::optional<int64_t> base_row_id, default_row_commit_version;
};

struct SetTransaction {
    std::string app_id;
    int64_t version = 0;
    std::optional<int64_t> updated_ms;
};

struct DomainMetadata {
    std::string domain, configuration;
    bool removed = false;
};

struct CommitInfo {
    std::optional<int64_t> timestamp_ms, in_commit_timestamp_ms, read_version;
    std::string operation, engine, txn_id, isolation;
    // Values as text: strings undone, everything else as JSON.
    std::vector<std::pair<std::string, std::string>> parameters, metrics, tags;
    std::optional<bool> blind_append;
    std::string user_metadata;
};

struct ChangeFile {  // "cdc"
    std::string path;
    StringMap partition_values;
    int64_t size = 0;
};
struct CheckpointMetadata {
    int64_t version = 0;
};
struct Sidecar {
    std::string path;  // a bare file name in _delta_log/_sidecars, URI-encoded
    int64_t size = 0;
    int64_t modified_ms = 0;
};

using Action = std::variant<Protocol, Metadata, AddFile, RemoveFile, SetTransaction, DomainMetadata,
                            CommitInfo, ChangeFile, CheckpointMetadata, Sidecar>;

}  // namespace tarn::delta
