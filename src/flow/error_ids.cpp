// What can go wrong with flows. Texts are Markdown in whole
// sentences; a number is never used again.

#include "tarn/flow/error_ids.h"

namespace tarn::errors {

using Code = ErrorCode;

// clang-format off
extern constinit const ErrorId kNoFlow{403, Code::kNotFound,
    "There is no such flow",
    "No flow of this name runs. Flows come from the project: a topic with `table:`, or a model.",
    "`tarn flow list` shows them."};

extern constinit const ErrorId kPositionBeyondLog{701, Code::kFailedPrecondition,
    "A flow's position is beyond the log",
    "The flow has read more than the log holds now: the log was put back to an older state than "
    "the flow's sinks. Going on would skip whatever is written at these offsets next, so the "
    "flow stands.",
    "Put log and sinks back together from one backup; or build the sinks anew from what the log "
    "has: `tarn flow rebuild NAME`."};

extern constinit const ErrorId kPositionBeforeLog{702, Code::kFailedPrecondition,
    "Records that a flow had not read are gone",
    "The log begins after the flow's position: retention or somebody deleted records that the "
    "flow still needed. It stands rather than leave a gap silently.",
    "Put the records back from a backup; or begin anew with what is there: "
    "`tarn flow rebuild NAME --from-retained`."};

extern constinit const ErrorId kSourceReplaced{703, Code::kFailedPrecondition,
    "The source is not the one this flow has read",
    "The topic or table was deleted and made again under the same name, or a table was built anew "
    "without the flows that read it: the flow's position means other records now.",
    "`tarn flow rebuild NAME` begins anew with it; or give the new topic or table another name."};

extern constinit const ErrorId kSourceGone{704, Code::kFailedPrecondition,
    "The flow's source is gone",
    "The topic, partition or table that the flow reads was deleted.",
    "Make it again under another name and name that in the project, or remove the flow from the "
    "project. A table that was deleted and is there anew: `tarn flow rebuild NAME` for each flow "
    "that reads it."};

extern constinit const ErrorId kJournalGone{705, Code::kFailedPrecondition,
    "A sink has rows, but the flow's journal is gone",
    "The flow's state folder was removed while its table or view was not. Which rows the sink "
    "has cannot be known without it; reading again from the start would write them twice.",
    "Put the state folder back; or build the sink anew from the source: "
    "`tarn flow rebuild NAME`."};

extern constinit const ErrorId kSinkAndJournalDiffer{706, Code::kFailedPrecondition,
    "A sink and the flow's journal differ",
    "The table or view stands at a batch that the flow's journal does not know: one of the two "
    "was put back to another state, or another process has written.",
    "Put both back together from one backup; or build the sink anew: `tarn flow rebuild NAME`."};

extern constinit const ErrorId kFlowChanged{707, Code::kFailedPrecondition,
    "The flow has changed over existing sinks",
    "The flow's SQL, columns or settings differ from those its sinks were written with, or an "
    "earlier version of Tarn gave its table or view other types, in a way in "
    "which old and new results would stand in one table without a mark between them. Comments, "
    "new columns that may be null, wider integers and the like go on by themselves.",
    "`tarn flow rebuild NAME` builds what it writes anew from its source, beside what stands, and "
    "puts it in its place in one commit; so does the button on the flow's page. `tarn plan` says "
    "beforehand what a change means. Or put the model back, or give the changed one another name."};

extern constinit const ErrorId kJournalDamaged{708, Code::kCorrupted,
    "A flow's journal is damaged",
    "A file of the flow's state folder does not pass its checks, and not as a crash leaves it.",
    "Restore it from a backup together with the sinks, or build them anew: "
    "`tarn flow rebuild NAME`. Check the disk."};

extern constinit const ErrorId kJournalNewer{709, Code::kUnsupported,
    "A flow's journal is of a newer version",
    "It was written by another version of Tarn than this one.",
    "Use that version."};

extern constinit const ErrorId kTransactions{710, Code::kUnsupported,
    "Flows do not read transactions yet",
    "The topic has records that were produced in a Kafka transaction.",
    "Produce to it without transactions."};

extern constinit const ErrorId kFewerPartitions{711, Code::kInvalidArgument,
    "A topic cannot have fewer partitions",
    "The project states fewer partitions than the topic has; records lie in those that would go.",
    "Set `partitions:` to what it has, or more."};

extern constinit const ErrorId kRebuildRefused{716, Code::kFailedPrecondition,
    "The flow cannot be rebuilt now",
    "Records that it has read are no longer in the log, so that what is built anew would lack the "
    "rows made of them. `tarn flow rebuild NAME --from-retained` takes what the log has.",
    "What stands is kept and read until you choose that."};

extern constinit const ErrorId kRebuilding{718, Code::kFailedPrecondition,
    "The flow is being rebuilt already",
    "A rebuild of the flow, or of one that it reads, was ordered before and has not ended.",
    "Wait for it: `tarn flow list` shows it as rebuilding until it has caught up."};

extern constinit const ErrorId kInUse{717, Code::kFailedPrecondition,
    "It is still used",
    "A flow of the project writes or reads what should be dropped; or one that the project has no "
    "longer did, and what is kept of it would not fit if it were put back; or the project is not "
    "there to say so. In this order it goes: take the model or topic out of the project, "
    "`tarn apply` or restart Tarn, forget the flow with `tarn flow drop NAME --yes`, drop what it "
    "wrote. Without a running Tarn name the project: `--project FOLDER`.",
    "To have it built anew instead: `tarn flow rebuild NAME`."};

extern constinit const ErrorId kFlowDefect{715, Code::kInternal,
    "A defect stopped the flow",
    "Something in Tarn, or in a library of it, failed in a way it should not. The flow stands "
    "before the batch that met it; nothing is lost, and every other flow goes on.",
    "Tell us what the message says, with the flow's SQL and, if it can be shown, a record of that "
    "batch. `tarn flow resume NAME` tries again."};

// clang-format on

static constexpr const ErrorId* kAll[] = {
    &kNoFlow,       &kPositionBeyondLog,    &kPositionBeforeLog, &kSourceReplaced, &kSourceGone,
    &kJournalGone,  &kSinkAndJournalDiffer, &kFlowChanged,       &kJournalDamaged, &kJournalNewer,
    &kTransactions, &kFewerPartitions,      &kFlowDefect,        &kRebuildRefused, &kInUse,
    &kRebuilding,
};

}  // namespace tarn::errors

namespace tarn::flow {

ErrorList error_list() { return errors::kAll; }

}  // namespace tarn::flow
