// What memory does to a flow, in words.

#include "shortage.h"

#include <gtest/gtest.h>

#include "tarn/base/memory_level.h"
#include "tarn/io/simulated_disk.h"

namespace tarn::flow {
namespace {

class Shortage : public testing::Test {
  protected:
    std::string text(const FlowMemory& memory) {
        return shortage_text(memory, memory_.get(), *engine_);
    }
    ManualClock clock_;
    io::SimulatedDisk disk_{1, clock_};
    std::unique_ptr<sql::Engine> engine_ =
        sql::Engine::open({.memory_bytes = 256 << 20, .threads = 1, .spill_folder = {}}, disk_,
                          nullptr)
            .value();
    std::shared_ptr<MemoryBudget> memory_ = MemoryBudget::root("all", 512 << 20);
    UncountedMemory uncounted_{memory_};
};

TEST_F(Shortage, NothingIsSaidWhereNothingIs) { EXPECT_EQ(text({}), ""); }

TEST_F(Shortage, SaysWhatIsShortOfTheProcess) {
    uncounted_.look(450 << 20);
    EXPECT_EQ(text({.windows = 1}),
              "1 open window keeps its rows on the disk, its results are shown when it ends: "
              "memory.limit is 512MiB, of which 450MiB are held");
    EXPECT_TRUE(text({.windows = 3, .waits = true})
                    .starts_with("it waits until batches of other flows give back their memory; 3 "
                                 "open windows keep their rows on the disk, their results are "
                                 "shown when they end: memory.limit is "));
}

TEST_F(Shortage, SaysWhatTheFlowsSqlHolds) {
    EXPECT_NE(text({.windows = 2}).find(": the flows' SQL holds "), std::string::npos);
}

TEST_F(Shortage, CountsSessionsAndIds) {
    EXPECT_EQ(text({.sessions = 1, .ids = 20}),
              "1 open session on the disk; 20 ids of the deduplication window on the disk");
}

}  // namespace
}  // namespace tarn::flow
