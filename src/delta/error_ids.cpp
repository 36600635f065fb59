// What can go wrong with tables as Delta keeps them. Texts are Markdown in whole
// sentences; a number is never used again.

#include "tarn/delta/error_ids.h"

namespace tarn::errors {

using Code = ErrorCode;

// clang-format off
extern constinit const ErrorId kNoTable{402, Code::kNotFound,
    "There is no such table",
    "No table of this name is in the lake. A topic's table appears with its first commit.",
    "`tarn table list` shows them. Write the name with its schema: `bronze.clicks`."};

extern constinit const ErrorId kTableFeature{601, Code::kUnsupported,
    "The table uses a feature that Tarn does not know",
    "The Delta protocol names what a program must know to read or write a table, and this table "
    "needs more.",
    "The message names the feature. Turn it off with the tool that turned it on, or use that "
    "tool for this table."};

extern constinit const ErrorId kTableDamaged{602, Code::kCorrupted,
    "The table's log is damaged or incomplete",
    "A file of `_delta_log` is missing or does not parse.",
    "Restore the file from a backup. Never delete single files of `_delta_log` by hand."};

extern constinit const ErrorId kTableConflict{604, Code::kConflict,
    "Another writer changed the table",
    "Between this commit's reading and its writing someone changed rows that it changes, added or "
    "took away rows that it should have read, or changed the table's schema or protocol.",
    "The message names the version and its operation. Flows and statements have tried again by "
    "themselves, a statement twelve times. If it stays, run it when the other writer is done, give "
    "it a condition on partitions or ranges that the other writer leaves alone, or turn on "
    "`delta.enableDeletionVectors`, with which changes of different rows of a file do not meet."};

extern constinit const ErrorId kCommitLost{605, Code::kUnavailable,
    "A commit lost to other writers",
    "Other writers were faster many times in a row.",
    "It is tried again. If it stays, let fewer writers commit to this table, or commit less "
    "often."};

extern constinit const ErrorId kNoTableVersion{607, Code::kNotFound,
    "The table has no such version",
    "The version is beyond the newest one, or its log file was cleaned up.",
    "`tarn table history NAME` lists those that are there."};

// clang-format on

static constexpr const ErrorId* kAll[] = {
    &kNoTable, &kTableFeature, &kTableDamaged, &kTableConflict, &kCommitLost, &kNoTableVersion,
};

}  // namespace tarn::errors

namespace tarn::delta {

ErrorList error_list() { return errors::kAll; }

}  // namespace tarn::delta
