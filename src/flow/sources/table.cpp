// A table as a flow's source: its positions are versions, and files of the version under way.

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "parts.h"
#include "tarn/flow/error_ids.h"

namespace tarn::errors {
extern const ErrorId kSourceReplaced;
}  // namespace tarn::errors

namespace tarn::flow {
namespace {

constexpr Duration kPoll = Duration::seconds(2);  // for commits of other programs
constexpr int64_t kRowsFactor = 2;  // a slice's rows are decoded already: epochs may be larger

class TableSource final : public Source {
  public:
    TableSource(TableReader& reader, lake::Lake& lake)
        : reader_(reader), lake_(lake), consumer_(reader.add_consumer()) {}
    ~TableSource() override {
        unsubscribe();
        reader_.remove_consumer(consumer_);
    }

    Node node() const override { return table_node(reader_.table()); }
    std::string unit() const override { return "version"; }
    size_t partitions() override { return 1; }
    Duration poll() const override { return kPoll; }
    // What stood before the table was replaced as a whole is not read.
    std::vector<Position> start() override {
        const auto at = lake_.replaced_at(reader_.table()).value_or(0);
        return {at > 0 ? Position{at, kWhole} : Position{}};
    }

    Result<Uuid> id() override {
        auto info = lake_.describe(reader_.table());
        if (info) return info->id;
        if (info.error().code() != ErrorCode::kNotFound) return fail(info.error());
        return fail(ErrorCode::kUnavailable, "table " + reader_.table() +
                                                 " is not there yet: the flow that writes it has "
                                                 "not begun");
    }

    Result<SourceInput> read(std::span<const Position> from, const InputLimits& limits) override {
        SourceInput out;
        TARN_TRY(auto newest, lake_.version(reader_.table()));
        auto at = from[0];
        if (!limits.until.empty()) newest = std::min(newest, limits.until[0].at - 1);
        if (limits.until.empty() && at.at > newest + 1)
            return fail(
                errors::kPositionBeyondLog,
                fmt::format("the flow's position, version {}, is beyond the newest version {} of "
                            "table {}: it was put back to an older state; `tarn flow rebuild` "
                            "begins anew",
                            at.at, newest, reader_.table()));
        while (at.at <= newest && !out.more) {
            TARN_TRY(auto added, added_of(at));
            for (at = begun(at); at.within < int64_t(added->files.size()); ++at.within) {
                const auto& file = *added->files[size_t(at.within)];
                if ((!out.batches.empty() || !limits.some) &&
                    (out.records + std::max<int64_t>(0, file.records) > kRowsFactor * limits.rows ||
                     out.bytes + file.size > limits.bytes)) {
                    out.more = true;
                    break;
                }
                TARN_TRY(auto slice, reader_.read(at));
                out.add(std::move(slice));
            }
            if (!out.more) at = {at.at + 1, 0};
        }
        if (at != from[0]) out.ranges.push_back({.from = from[0], .to = at});
        return out;
    }

    Result<SourceInput> reread(std::span<const PartitionRange> ranges) override {
        SourceInput out;
        for (const auto& range : ranges) {
            for (auto at = range.from; at < range.to; at = {at.at + 1, 0}) {
                TARN_TRY(auto added, added_of(at));
                for (at = begun(at); at.within < int64_t(added->files.size()) && at < range.to;
                     ++at.within) {
                    TARN_TRY(auto slice, reader_.read(at));
                    out.add(std::move(slice));
                }
                if (at == range.to) break;
            }
        }
        return out;
    }

    bool has_more(std::span<const Position> at) override {
        auto newest = lake_.version(reader_.table());
        return !newest || at[0].at != *newest + 1;
    }

    void hold(const std::string& flow, std::span<const Position> oldest) override {
        lake_.set_hold(flow, reader_.table(), oldest[0].at);
    }
    void passed(std::span<const Position> at) override { reader_.passed(consumer_, at[0]); }

    void subscribe(std::function<void()> wake) override {
        listener_ = lake_.add_listener(
            [table = reader_.table(), wake = std::move(wake)](const std::string& committed) {
                if (committed == table) wake();
            });
    }
    void unsubscribe() override {
        if (listener_) lake_.remove_listener(*listener_);
        listener_.reset();
    }

    std::optional<int64_t> end(int32_t) const override {
        auto newest = lake_.version(reader_.table());
        return newest ? std::optional(*newest + 1) : std::nullopt;
    }
    Position unpacked(int64_t packed) const override {
        constexpr int kFileBits = 20;
        return {packed >> kFileBits, packed & ((int64_t(1) << kFileBits) - 1)};
    }

  private:
    // Before the files of a version that replaced the table: a flow begins there. One that comes
    // from the version before has read what it replaced.
    static constexpr int64_t kWhole = -1;
    static Position begun(Position at) { return {at.at, std::max<int64_t>(0, at.within)}; }

    Result<std::shared_ptr<const lake::AddedFiles>> added_of(Position at) {
        const auto version = at.at;
        auto added = reader_.added(version);
        if (added && (*added)->replaced && at.within == 0)
            return fail(errors::kSourceReplaced,
                        fmt::format("table {} was built anew in version {}, and this flow has read "
                                    "what stood before: `tarn flow rebuild NAME` builds what it "
                                    "writes anew as well",
                                    reader_.table(), version));
        if (!added && added.error().code() == ErrorCode::kNotFound)
            return fail(
                errors::kPositionBeforeLog,
                fmt::format("version {} of table {} is not in its log any more, and the flow has "
                            "not read it: rebuild the flow that writes the table, and "
                            "this one with it (`tarn flow rebuild`)",
                            version, reader_.table()));
        return added;
    }
    TableReader& reader_;
    lake::Lake& lake_;
    const int consumer_;
    std::optional<uint64_t> listener_;
};

}  // namespace

SourceKind table_source() {
    return {kTableKind,
            [](const std::string& name, PartContext& context) -> Result<std::unique_ptr<Source>> {
                return std::make_unique<TableSource>(context.readers.table(name),
                                                     context.world.lake);
            }};
}

}  // namespace tarn::flow
