// The numbers from 0 to 9.

#include "parts.h"

namespace tarn::flow {
namespace {

constexpr int64_t kNumbers = 10;

class Numbers final : public Source {
  public:
    explicit Numbers(std::string name) : name_(std::move(name)) {}
    Node node() const override { return {"numbers", name_}; }
    std::string unit() const override { return "number"; }
    Result<Uuid> id() override { return Uuid{}; }
    size_t partitions() override { return 1; }
    std::vector<Position> start(std::span<const Position>) override { return {{0}}; }
    Result<SourceInput> read(std::span<const Position> at, const InputLimits&) override {
        SourceInput out;
        if (at[0].at < kNumbers) {
            out.add(batch(at[0].at, kNumbers));
            out.ranges.push_back({.from = at[0], .to = {kNumbers}});
        }
        return out;
    }
    Result<SourceInput> reread(std::span<const PartitionRange> ranges) override {
        SourceInput out;
        for (const auto& range : ranges)
            out.add(batch(range.from.at, range.to.at));
        return out;
    }
    bool has_more(std::span<const Position> at) override { return at[0].at < kNumbers; }
    void hold(const std::string&, std::span<const Position>) override {}
    void passed(std::span<const Position>) override {}
    void subscribe(std::function<void()>) override {}
    void unsubscribe() override {}
    std::optional<int64_t> end(int32_t) const override { return kNumbers; }

  private:
    static InputBatchPtr batch(int64_t from, int64_t to) {
        codec::ColumnBatch rows;
        codec::ColumnBuilder numbers(codec::ColumnType::kInt64);
        for (auto n = from; n < to; ++n)
            numbers.add_int(n);
        rows.schema.push_back({"n", codec::ColumnType::kInt64, false});
        rows.columns.push_back(numbers.finish(rows));
        rows.row_count = size_t(to - from);
        auto out = std::make_shared<InputBatch>();
        out->from = {from};
        out->to = {to};
        out->count = to - from;
        out->rows.push_back(std::make_shared<const codec::ColumnBatch>(std::move(rows)));
        return out;
    }
    const std::string name_;
};

}  // namespace

SourceKind numbers_source() {
    return {"numbers", [](const SourceSpec& spec, PartContext&) -> Result<std::unique_ptr<Source>> {
                return std::make_unique<Numbers>(spec.node.name);
            }};
}

}  // namespace tarn::flow
