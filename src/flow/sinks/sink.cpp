#include "sinks/sink.h"
#include "tarn/flow/error_ids.h"

#include <fmt/format.h>

namespace tarn::flow {
Error journal_gone(const Node& sink, const FlowIdentity& flow) {
    return Error(errors::kJournalGone,
                 fmt::format("{} has rows, but its flow's journal is gone, so it is not known "
                             "which: put {} back, or drop the {} to build it anew from the source",
                             sink.text(), flow.state_folder, sink.kind));
}

}  // namespace tarn::flow
