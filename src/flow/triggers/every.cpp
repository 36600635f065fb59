// At most so often: input that comes soon after it goes with it.

#include <algorithm>

#include "step.h"
#include "trigger.h"

namespace tarn::flow {
namespace {

class Every final : public Trigger {
  public:
    Every(Duration every, Duration linger) : every_(every), linger_(linger) {}
    Duration wait(const TriggerTimes& times) const override {
        auto at = std::max(times.last_epoch_us + every_.us, times.input_since_us + linger_.us);
        return Duration{std::max<int64_t>(0, at - times.now_us)};
    }

  private:
    const Duration every_, linger_;
};

}  // namespace

TriggerKind every_trigger() {
    return {"every", "A batch at most this often, while there is input.",
            [](const FlowSpec& spec) -> std::unique_ptr<Trigger> {
                return std::make_unique<Every>(spec.every, spec.linger);
            }};
}

}  // namespace tarn::flow
