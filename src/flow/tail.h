#pragma once

// The tail of a topic's table: the records that its flow has not committed, as the rows that it
// will commit. A version of the table says by its txns up to where each partition is in it
// (sinks/table.cpp), of the build that wrote it; a partition without one was not read yet and
// begins where the build began. So nothing that happens behind the version is looked at.

#include <memory>
#include <string>
#include <vector>

#include "protocol.h"
#include "tarn/flow/runtime.h"
#include "tarn/sql/table_tail.h"

namespace tarn::flow {

// What is known of the flow that writes a table.
struct TailBasis {
    // Its builds that the table may be of, the newest last: while it is rebuilt that which stands
    // and that which takes its place.
    std::vector<JournalHeader> builds = {};
    std::string stopped = {};  // why it will not go on as it is; empty: it will
};

// `log` and `clock` outlive it.
std::shared_ptr<const sql::TableTail> topic_tail(const project::Topic& topic, TailBasis basis,
                                                 log::Log& log, Clock& clock);

}  // namespace tarn::flow
