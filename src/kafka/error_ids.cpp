// What can go wrong with talking to a broker. Texts are Markdown in whole
// sentences; a number is never used again.

#include "tarn/kafka/error_ids.h"

namespace tarn::errors {

using Code = ErrorCode;

// clang-format off
extern constinit const ErrorId kNoGroup{408, Code::kNotFound,
    "There is no such consumer group",
    "No consumer of this group is connected, and it has committed no offset. A group comes to be "
    "when its first consumer joins, and goes when its offsets are deleted.",
    "`tarn group list` shows those there are."};

extern constinit const ErrorId kBrokerUnreachable{905, Code::kUnavailable,
    "No Kafka broker answers at this address",
    "The host is not found, refuses, or does not speak Kafka's protocol.",
    "Check the address. The ready line of `tarn up` names that of its Kafka listener."};

// clang-format on

static constexpr const ErrorId* kAll[] = {
    &kBrokerUnreachable,
    &kNoGroup,
};

}  // namespace tarn::errors

namespace tarn::kafka {

ErrorList error_list() { return errors::kAll; }

}  // namespace tarn::kafka
