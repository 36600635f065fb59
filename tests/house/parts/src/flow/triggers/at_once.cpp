#include "trigger.h"

namespace tarn::flow {
namespace {

class AtOnce final : public Trigger {
  public:
    Duration wait(const TriggerTimes&) const override { return {}; }
};

}  // namespace

TriggerKind at_once_trigger() {
    return {"at_once", "A batch whenever there is input.",
            [](const FlowSpec&) -> std::unique_ptr<Trigger> { return std::make_unique<AtOnce>(); }};
}

}  // namespace tarn::flow
