// A table as a flow's source: its positions are versions, and files of the version under way.

#include <optional>

#include <fmt/format.h>

#include "sources/source.h"
#include "tarn/flow/error_ids.h"

namespace tarn::flow {
namespace {

constexpr Duration kPoll = Duration::seconds(2);  // for commits of other programs
constexpr int64_t kRowsFactor = 2;  // a slice's rows are decoded already: epochs may be larger

class TableSource final : public Source {
  public:
    TableSource(TableReader& reader, lake::Lake& lake)
        : reader_(reader), lake_(lake), consumer_(reader.add_consumer()) {}
    ~TableSource() override {
        stop_listening();
        reader_.remove_consumer(consumer_);
    }

    Node node() const override { return table_node(reader_.table()); }
    std::string unit() const override { return "version"; }
    size_t partitions() override { return 1; }
    Duration poll() const override { return kPoll; }
    std::vector<int64_t> start() override { return {0}; }

    Result<Uuid> id() override {
        auto info = lake_.describe(reader_.table());
        if (info) return info->id;
        if (info.error().code() != ErrorCode::kNotFound) return fail(info.error());
        return fail(ErrorCode::kUnavailable, "table " + reader_.table() +
                                                 " is not there yet: the flow that writes it has "
                                                 "not begun");
    }

    Result<bool> take(const std::vector<int64_t>& at, const RuntimeOptions& options,
                      Input& input) override {
        TARN_TRY(auto newest, lake_.version(reader_.table()));
        auto position = TablePosition::of(at[0]);
        if (position.version > newest + 1)
            return fail(
                errors::kPositionBeyondLog,
                fmt::format("the flow's position, version {}, is beyond the newest version {} of "
                            "table {}: it was put back to an older state; drop the flow's "
                            "sinks and its state folder to begin anew",
                            position.version, newest, reader_.table()));
        while (position.version <= newest && !input.more) {
            TARN_TRY(auto added, added_of(position.version));
            while (position.file < int64_t(added->files.size())) {
                const auto& file = *added->files[size_t(position.file)];
                if (!input.slices.empty() &&
                    (input.records + std::max<int64_t>(0, file.records) >
                         kRowsFactor * int64_t(options.max_epoch_rows) ||
                     input.bytes + file.size > int64_t(options.max_epoch_bytes))) {
                    input.more = true;
                    break;
                }
                TARN_RETURN_IF_ERROR(add(position, input));
                ++position.file;
            }
            if (!input.more) position = {position.version + 1, 0};
        }
        if (position.packed() == at[0]) return false;
        input.plan.ranges.push_back({0, at[0], position.packed()});
        return true;
    }

    Status take_again(Input& input) override {
        for (const auto& range : input.plan.ranges) {
            auto position = TablePosition::of(range.from);
            while (position.packed() < range.to) {
                TARN_TRY(auto added, added_of(position.version));
                for (; position.file < int64_t(added->files.size()) && position.packed() < range.to;
                     ++position.file)
                    TARN_RETURN_IF_ERROR(add(position, input));
                if (position.packed() < range.to) position = {position.version + 1, 0};
            }
        }
        return {};
    }

    bool has_more(const std::vector<int64_t>& at) override {
        auto newest = lake_.version(reader_.table());
        return !newest || TablePosition::of(at[0]).version != *newest + 1;
    }

    void hold(const std::string& flow, const std::vector<int64_t>& oldest) override {
        lake_.set_hold(flow, reader_.table(), TablePosition::of(oldest[0]).version);
    }
    void passed(const std::vector<int64_t>& at) override { reader_.passed(consumer_, at[0]); }

    void listen(std::function<void()> wake) override {
        listener_ = lake_.add_listener(
            [table = reader_.table(), wake = std::move(wake)](const std::string& committed) {
                if (committed == table) wake();
            });
    }
    void stop_listening() override {
        if (listener_) lake_.remove_listener(*listener_);
        listener_.reset();
    }

    // In versions, the last one perhaps in part.
    RunRange shown(const PartitionRange& range) const override {
        return {0, TablePosition::of(range.from).version,
                TablePosition::of(range.to - 1).version + 1};
    }
    void show(const std::vector<int64_t>& start, const std::vector<int64_t>& next,
              std::vector<PartitionPosition>& out) override {
        out.resize(1);
        out[0].partition = 0;
        out[0].start_offset = TablePosition::of(start.empty() ? 0 : start[0]).version;
        out[0].next_offset = TablePosition::of(next[0]).version;
        refresh(out);
    }
    void refresh(std::vector<PartitionPosition>& positions) const override {
        auto newest = lake_.version(reader_.table());
        for (auto& position : positions)
            if (newest) position.high_watermark = *newest + 1;
    }
    void arrivals(const Input& input, const std::function<void(int64_t us)>& each) override {
        for (const auto& slice : input.slices)
            each(slice->committed.us);
    }

  private:
    Result<std::shared_ptr<const lake::AddedFiles>> added_of(int64_t version) {
        auto added = reader_.added(version);
        if (!added && added.error().code() == ErrorCode::kNotFound)
            return fail(
                errors::kPositionBeforeLog,
                fmt::format("version {} of table {} is not in its log any more, and the flow has "
                            "not read it: drop the flow's sinks and its state folder to "
                            "begin anew with a table whose log is whole",
                            version, reader_.table()));
        return added;
    }
    Status add(TablePosition position, Input& input) {
        TARN_TRY(auto slice, reader_.read(position));
        input.records += slice->rows;
        input.bytes += int64_t(slice->bytes);
        input.slices.push_back(std::move(slice));
        return {};
    }

    TableReader& reader_;
    lake::Lake& lake_;
    const int consumer_;
    std::optional<uint64_t> listener_;
};

}  // namespace

std::unique_ptr<Source> make_table_source(TableReader& reader, lake::Lake& lake) {
    return std::make_unique<TableSource>(reader, lake);
}

}  // namespace tarn::flow
