#pragma once

// Names in _delta_log and what of it to read. `_last_checkpoint` is only a hint and not needed
// where listing is possible, so it is not read at all.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/ids.h"
#include "tarn/base/result.h"
#include "tarn/delta/actions.h"
#include "tarn/io/file_system.h"

namespace tarn::delta {

enum class LogFileKind {
    kCommit,
    kCheckpoint,
    kCheckpointPart,
    kCheckpointV2,
    kCompacted,
    kChecksum,
    kOther
};

struct LogFile {
    LogFileKind kind = LogFileKind::kOther;
    int64_t version = -1;      // of kCompacted: the first
    int64_t end_version = -1;  // of kCompacted only
    uint32_t part = 0, parts = 0;
    bool json = false;  // kCheckpointV2: .json, else .parquet
};
// Never fails: what is not a name of the protocol is kOther.
LogFile parse_log_name(std::string_view name);

std::string commit_name(int64_t version);      // 00000000000000000007.json
std::string checkpoint_name(int64_t version);  // 00000000000000000007.checkpoint.parquet
// 00000000000000000007.checkpoint.3a0d65cd-4056-49b8-937b-95f9e3ee90e5.parquet
std::string checkpoint_name(int64_t version, const Uuid& id);
// Of a file in _sidecars, however the action says its path.
std::string name_of(const Sidecar& sidecar);
std::string checksum_name(int64_t version);  // 00000000000000000007.crc

struct Checkpoint {
    int64_t version = -1;
    std::vector<std::string> files;  // names; several when multipart, in order of parts
    bool v2 = false, json = false;
};
// Of all its files, sidecars too.
struct CheckpointCounts {
    int64_t actions = 0, files = 0;  // files: live ones
};
// What the commits of some versions, both included, come to (PROTOCOL.md "Log Compaction Files").
struct Compaction {
    int64_t first = -1, last = -1;
    std::string name;
};
struct LogListing {
    std::map<int64_t, io::FileInfo> commits;
    std::vector<Checkpoint> checkpoints;  // complete ones, newest first
    std::vector<Compaction> compactions;
    std::map<int64_t, std::string> checksums;  // names by version
    // Commits without a byte: nobody's, and in the way of every writer.
    std::map<int64_t, io::FileInfo> empty;
    // -1 if the log is empty. A compaction alone is no proof of a version.
    int64_t newest() const;
    // Of those that begin at `from` and end by `to` the one that spans most; null: none.
    const Compaction* compaction(int64_t from, int64_t to) const;
};
// Errors: kNotFound (no log folder).
Result<LogListing> list_log(io::FileSystem& fs, const std::string& log_folder);
// When the commits were written, in ms, by version: each later than the one before it, as Spark
// counts them.
std::map<int64_t, int64_t> commit_file_times(const LogListing& log);

}  // namespace tarn::delta
