// A defect in a flow's part is that flow's error, whatever it throws and wherever.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "flow.h"
#include "guard.h"
#include "test_platform.h"

namespace tarn::flow {
namespace {

using testing::HasSubstr;

TEST(Guard, MakesErrorsOfExceptions) {
    EXPECT_EQ(*guarded([]() -> Result<int> { return 7; }), 7);
    auto thrown = guarded([]() -> Status { throw std::out_of_range("vector::at"); });
    ASSERT_FALSE(thrown);
    EXPECT_EQ(thrown.error().id(), errors::kFlowDefect);
    EXPECT_THAT(thrown.error().message(), HasSubstr("vector::at"));
    auto any = guarded([]() -> Status { throw 1; });
    ASSERT_FALSE(any);
    EXPECT_EQ(any.error().id(), errors::kFlowDefect);
    auto memory = guarded([]() -> Status { throw std::bad_alloc(); });
    ASSERT_FALSE(memory);
    EXPECT_EQ(memory.error().code(), ErrorCode::kResourceExhausted);
}

enum class Where { kNowhere, kId, kRead, kMore, kRun };

class BadSource final : public Source {
  public:
    explicit BadSource(const Where& where) : where_(where) {}
    Node node() const override { return {"test", "bad"}; }
    std::string unit() const override { return "row"; }
    Result<Uuid> id() override {
        if (where_ == Where::kId) throw std::runtime_error("in id");
        return Uuid{};
    }
    size_t partitions() override { return 1; }
    std::vector<Position> start(std::span<const Position>) override { return {{}}; }
    Result<SourceInput> read(std::span<const Position> at, const InputLimits&) override {
        if (where_ == Where::kRead) throw std::runtime_error("in read");
        SourceInput out;
        out.ranges.push_back({.from = at[0], .to = {at[0].at + 1}});
        return out;
    }
    Result<SourceInput> reread(std::span<const PartitionRange>) override { return SourceInput(); }
    bool has_more(std::span<const Position>) override {
        if (where_ == Where::kMore) throw std::runtime_error("in has_more");
        return true;
    }
    void hold(const std::string&, std::span<const Position>) override {}
    void passed(std::span<const Position>) override {}
    void subscribe(std::function<void()>) override {}
    void unsubscribe() override {}
    std::optional<int64_t> end(int32_t) const override { return std::nullopt; }

  private:
    const Where& where_;
};

class BadStep final : public Step {
  public:
    BadStep(const Where& where, const RuntimeOptions& options, RuntimeContext& world)
        : Step({.name = "bad", .kind = "test", .generation = "1", .sql = ""}, options, world),
          where_(where) {}
    Status run(const Input&, bool) override {
        if (where_ == Where::kRun) throw std::runtime_error("in run");
        return {};
    }

  private:
    const Where& where_;
};

class DefectTest : public testing::TestWithParam<std::pair<Where, std::string>> {};

TEST_P(DefectTest, FailsTheFlowAndIsTriedAgainOnDemand) {
    TestPlatform platform(1);
    ASSERT_TRUE(platform.open());
    auto world = platform.context();
    RunLedger runs;
    auto where = Where::kNowhere;
    FlowParts parts;
    parts.sources.push_back(std::make_unique<BadSource>(where));
    parts.step = std::make_unique<BadStep>(where, platform.options, world);
    parts.trigger = trigger_kinds()[0].make(parts.step->spec());
    const auto& [bad, text] = GetParam();
    if (bad == Where::kId) where = bad;
    EpochGate gate(world.memory, world.metrics);
    Flow flow(std::move(parts), platform.options, world, runs, gate);
    ASSERT_TRUE(flow.open());
    if (bad != Where::kId) {
        ASSERT_TRUE(flow.step());
        EXPECT_EQ(flow.status().state, FlowState::kRunning) << flow.status().reason;
        where = bad;
        (void)flow.due(platform.clock.monotonic_us());
        ASSERT_TRUE(flow.step());
    }
    if (bad == Where::kMore) {
        EXPECT_EQ(flow.status().state, FlowState::kRunning) << "the step itself is good";
        return;
    }
    EXPECT_EQ(flow.status().state, FlowState::kFailed);
    EXPECT_THAT(flow.status().reason, HasSubstr(text));
    flow.settle();
    where = Where::kNowhere;
    flow.resume();
    ASSERT_TRUE(flow.step());
    EXPECT_EQ(flow.status().state, FlowState::kRunning) << flow.status().reason;
}

INSTANTIATE_TEST_SUITE_P(Parts, DefectTest,
                         testing::Values(std::pair{Where::kId, "in id"},
                                         std::pair{Where::kRead, "in read"},
                                         std::pair{Where::kMore, "in has_more"},
                                         std::pair{Where::kRun, "in run"}));

}  // namespace
}  // namespace tarn::flow
