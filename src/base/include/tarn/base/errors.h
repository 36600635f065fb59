#pragma once

// What can go wrong, as data: codes, which programs act on, and ids, which people look up. Each id stands once in the
// table of error_table.cpp; `docs/errors`, GET /api/v1/errors/{id} and `tarn explain` are made from it.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace tarn {

// What the caller can do about it. Edges (Kafka code, HTTP status, exit code) map each of these once, totally.
enum class ErrorCode {
    kInvalidArgument,     // you asked wrongly: change the request
    kNotFound,            // it is not there
    kAlreadyExists,       // it is there already
    kFailedPrecondition,  // not in this state: do something else first
    kConflict,            // someone else was first or fenced us: reload, then decide
    kResourceExhausted,   // memory, disk or a limit: free some, then retry
    kUnavailable,         // passing: retry with back-off
    kCancelled,           // stopped on request, or a simulated crash
    kUnsupported,         // this version cannot; the message names the feature
    kCorrupted,           // stored or received bytes are not what they must be
    kIo,                  // the operating system refused
    kInternal,            // a defect of Tarn
};

// The code's name as it stands in logs and JSON, e.g. "not_found".
std::string_view to_string(ErrorCode code);

// The first twelve are those of the codes, in their order: what an error has that nobody named more precisely.
// A new one goes behind those of its group here and in error_table.cpp; a number is never used again.
enum class ErrorId : uint16_t {
    kInvalidArgument,
    kNotFound,
    kAlreadyExists,
    kFailedPrecondition,
    kConflict,
    kResourceExhausted,
    kUnavailable,
    kCancelled,
    kUnsupported,
    kCorrupted,
    kIo,
    kInternal,
    // The command line and settings.
    kUsage,
    kUnknownSetting,
    kSettingValue,
    // The machine and the data folder.
    kPortInUse,
    kAddressUnusable,
    kDataFolderInUse,
    kDataFolderNewer,
    kDataFolderOlder,
    kNotADataFolder,
    kNotAllowed,
    kReadOnlyDisk,
    kDiskFull,
    kTooManyFiles,
    kDiskBroken,
    kMemoryExhausted,
    kOutputBroken,
    // The project.
    kNoProject,
    kYaml,
    kUnknownKey,
    kProjectValue,
    kTemplate,
    kModelSql,
    kStreamingSql,
    kNotRepeatable,
    // Names.
    kNoTopic,
    kNoTable,
    kNoFlow,
    kNoView,
    kNoPartition,
    kNoAddress,
    kTopicExists,
    // The log.
    kLogDamaged,
    kLogFenced,
    kLogDiskLimit,
    kRecordsHeld,
    kLogNewer,
    kSyncFailed,
    // Tables.
    kTableFeature,
    kTableDamaged,
    kTableFenced,
    kTableConflict,
    kCommitLost,
    kTableSchema,
    kNoTableVersion,
    // Flows.
    kPositionBeyondLog,
    kPositionBeforeLog,
    kSourceReplaced,
    kSourceGone,
    kJournalGone,
    kSinkAndJournalDiffer,
    kFlowChanged,
    kJournalDamaged,
    kJournalNewer,
    kTransactions,
    kFewerPartitions,
    // SQL.
    kSql,
    kSqlRefused,
    kSqlTimeout,
    kSqlCancelled,
    kSqlBusy,
    kSqlMemory,
    kSqlUnknownName,
    kSqlEngineFailed,
    // Running processes and doors.
    kNotRunning,
    kNoAnswer,
    kStarting,
    kChildEnded,
    kBrokerUnreachable,
    kOtherSite,
    kNoSupervisor,
    kUnknownErrorId,
    kCount,  // how many there are; not an id
};

struct ErrorEntry {
    ErrorId id;
    std::string_view text;  // "TARN-E0201"
    ErrorCode code;
    std::string_view title;  // what a list shows
    std::string_view cause;  // why it happens; whole sentences
    std::string_view todo;   // what to do about it; whole sentences
};

// All of them, by ErrorId and by text, both ascending.
std::span<const ErrorEntry> error_table();
const ErrorEntry& error_entry(ErrorId id);
inline std::string_view to_string(ErrorId id) { return error_entry(id).text; }
ErrorId generic_id(ErrorCode code);
// The id a person wrote: "TARN-E0201", also "e0201" and "0201".
std::optional<ErrorId> find_error(std::string_view text);

}  // namespace tarn
