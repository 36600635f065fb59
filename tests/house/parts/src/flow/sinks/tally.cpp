// The sum of a column and the epoch, replaced as one file.

#include <charconv>

#include <fmt/format.h>

#include "parts.h"

namespace tarn::flow {
namespace {

class Tally final : public Sink {
  public:
    Tally(const FlowIdentity& flow, std::string name, RuntimeContext& world)
        : path_(flow.state_folder + "/tally"), name_(std::move(name)), world_(world) {}
    Node node() const override { return {"tally", name_}; }
    Status open(bool) override { return world_.fs.create_folders(io::parent_path(path_)); }
    Result<SinkEpoch> epoch() override { return SinkEpoch{.epoch = standing().first}; }
    Status commit(const EpochPlan& plan, const Changes& changes) override {
        auto [epoch, sum] = standing();
        if (plan.epoch <= epoch) return {};
        for (const auto& rows : changes.rows)
            for (size_t i = 0; i < rows->row_count; ++i)
                sum += rows->columns[0].values<int64_t>()[i];
        return world_.fs.replace(path_, fmt::format("{} {}", plan.epoch, sum));
    }

  private:
    std::pair<int64_t, int64_t> standing() {
        std::pair<int64_t, int64_t> out{-1, 0};
        if (auto text = world_.fs.read_all(path_)) {
            auto space = text->find(' ');
            std::from_chars(text->data(), text->data() + space, out.first);
            std::from_chars(text->data() + space + 1, text->data() + text->size(), out.second);
        }
        return out;
    }
    const std::string path_, name_;
    RuntimeContext& world_;
};

}  // namespace

SinkKind tally_sink() {
    return {"tally",
            [](const FlowIdentity& flow, const SinkSpec& spec,
               PartContext& context) -> Result<std::unique_ptr<Sink>> {
                return std::make_unique<Tally>(flow, spec.node.name, context.world);
            }};
}

}  // namespace tarn::flow
