// As soon as a source has committed something.

#include "trigger.h"

namespace tarn::flow {
namespace {

class OnCommit final : public Trigger {
  public:
    Duration wait(const TriggerTimes&) const override { return {}; }
};

}  // namespace

TriggerKind on_commit_trigger() {
    return {
        "on_commit", "A batch as soon as a source has committed something.",
        [](const FlowSpec&) -> std::unique_ptr<Trigger> { return std::make_unique<OnCommit>(); }};
}

}  // namespace tarn::flow
