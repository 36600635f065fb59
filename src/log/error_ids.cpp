// What can go wrong with topics and the log. Texts are Markdown in whole
// sentences; a number is never used again.

#include "tarn/log/error_ids.h"

namespace tarn::errors {

using Code = ErrorCode;

// clang-format off
extern constinit const ErrorId kNoTopic{401, Code::kNotFound,
    "There is no such topic",
    "No topic of this name exists. Kafka clients may have one made by asking for it "
    "(`kafka.auto_create_topics`); commands and the page do not.",
    "`tarn topic list` shows them; `tarn topic create NAME` makes one, or name it under "
    "`topics:` in tarn.yml."};

extern constinit const ErrorId kNoPartition{405, Code::kNotFound,
    "The topic has no such partition",
    "Partitions are numbered from 0; the topic has fewer.",
    "`tarn topic describe NAME` shows them."};

extern constinit const ErrorId kTopicExists{407, Code::kAlreadyExists,
    "The topic exists already",
    "A topic of this name is there, with its records.",
    "Use it, or choose another name. `tarn topic delete NAME --dry-run` says what deleting it "
    "would take away."};

extern constinit const ErrorId kLogDamaged{501, Code::kCorrupted,
    "Acknowledged data is damaged",
    "A file of the log does not hold what was acknowledged into it. A torn end, as a crash "
    "leaves it, is repaired silently; this is not one: the disk, or someone's hand, has changed "
    "it.",
    "Stop, keep the folder as it is, and restore the file that the message names from a backup. "
    "Check the disk."};

extern constinit const ErrorId kLogFenced{502, Code::kConflict,
    "A later start has written to the log",
    "The log has data of a start of Tarn after this one: the folder was copied, or put back, "
    "while another process used it.",
    "Make sure that one process alone works on the folder, and start again on the newest copy."};

extern constinit const ErrorId kLogDiskLimit{503, Code::kResourceExhausted,
    "The log has reached its disk limit",
    "All segments together have the size that `log.disk_limit` allows, and none of them can go: "
    "their retention, or a flow that has not read them, holds them.",
    "Raise `log.disk_limit`, shorten the retention of topics, or see to the flow that is behind: "
    "`tarn flow list`."};

extern constinit const ErrorId kRecordsHeld{504, Code::kFailedPrecondition,
    "A flow still needs these records",
    "Records that a flow has not read, or may need again after a crash, cannot be deleted.",
    "Let the flow catch up, or resume it if it is paused; `tarn flow why NAME` says why it does "
    "not advance."};

extern constinit const ErrorId kLogNewer{505, Code::kUnsupported,
    "The log is of a newer version",
    "A segment was written by a newer Tarn than this one.",
    "Use that newer version."};

extern constinit const ErrorId kSyncFailed{506, Code::kIo,
    "A sync to the disk failed",
    "The disk did not confirm that data is stored. What it has of it is unknown then, so the log "
    "takes no more writes; nothing unconfirmed was acknowledged.",
    "Look at `dmesg` and the disk; then start Tarn again, which reads back what is there."};

// clang-format on

static constexpr const ErrorId* kAll[] = {
    &kNoTopic,      &kNoPartition, &kTopicExists, &kLogDamaged, &kLogFenced,
    &kLogDiskLimit, &kRecordsHeld, &kLogNewer,    &kSyncFailed,
};

}  // namespace tarn::errors

namespace tarn::log {

ErrorList error_list() { return errors::kAll; }

}  // namespace tarn::log
