// A table as a flow's source: its positions are versions, and files of the version under way. Read
// by what was added to it, or by what changed in it.

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
    TableSource(Reading reading, TableReader& reader, lake::Lake& lake)
        : reading_(reading), reader_(reader), lake_(lake), consumer_(reader.add_consumer()) {}
    ~TableSource() override {
        unsubscribe();
        reader_.remove_consumer(consumer_);
    }

    Node node() const override { return table_node(reader_.table()); }
    std::string unit() const override { return "version"; }
    size_t partitions() override { return 1; }
    Duration poll() const override { return kPoll; }
    // What stood before the table was replaced as a whole is not read. Of changes: what stands now,
    // whatever became of what stood before.
    std::vector<Position> start(std::span<const Position> until) override {
        if (!changes()) {
            const auto at = lake_.replaced_at(reader_.table()).value_or(0);
            return {at > 0 ? Position{at, kWhole} : Position{}};
        }
        auto newest = lake_.version(reader_.table());
        if (!newest) return {{}};
        if (!until.empty()) newest = std::min(*newest, until[0].at - 1);
        return {*newest < 0 ? Position{} : Position{*newest, kAllThatStands}};
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
            if (passes_over(at)) {
                at = {at.at + 1, 0};
                out.more = at.at <= newest;
                break;
            }
            TARN_TRY(auto version, files_of(at));
            for (at = begun(at); TableReader::index(at) < version->files.size(); ++at.within) {
                const auto& file = *version->files[TableReader::index(at)];
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
                if (passes_over(at)) continue;
                TARN_TRY(auto version, files_of(at));
                for (at = begun(at);
                     TableReader::index(at) < version->files.size() && at < range.to; ++at.within) {
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

    // A version's changes are files of the one before it.
    void hold(const std::string& flow, std::span<const Position> oldest) override {
        const auto& at = oldest[0];
        const bool before = changes() && at.within >= 0 && at.at > 0;
        lake_.set_hold(flow, reader_.table(), before ? at.at - 1 : at.at);
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
    bool changes() const { return reading_ != Reading::kAdded; }
    // Of added rows: before the files of a version that replaced the table, where a flow begins.
    // One that comes from the version before has read what it replaced.
    static constexpr int64_t kWhole = -1;
    Position begun(Position at) const {
        return changes() ? at : Position{at.at, std::max<int64_t>(0, at.within)};
    }
    bool passes_over(Position at) const {
        return reading_ == Reading::kChangesAlone && at.within == kAllThatStands;
    }

    Result<TableReader::Files> files_of(Position at) {
        const auto version = at.at;
        auto files = reader_.files(changes() ? at : begun(at));
        if (files && (*files)->replaced && at.within == 0)
            return fail(errors::kSourceReplaced,
                        fmt::format("table {} was built anew in version {}, and this flow has read "
                                    "what stood before: `tarn flow rebuild NAME` builds what it "
                                    "writes anew as well",
                                    reader_.table(), version));
        if (!files && files.error().code() == ErrorCode::kNotFound)
            return fail(
                errors::kPositionBeforeLog,
                fmt::format("version {} of table {} is not in its log any more, and the flow has "
                            "not read it: rebuild the flow that writes the table, and "
                            "this one with it (`tarn flow rebuild`)",
                            version, reader_.table()));
        return files;
    }

    const Reading reading_;
    TableReader& reader_;
    lake::Lake& lake_;
    const int consumer_;
    std::optional<uint64_t> listener_;
};

}  // namespace

SourceKind table_source() {
    return {kTableKind,
            [](const SourceSpec& spec, PartContext& context) -> Result<std::unique_ptr<Source>> {
                auto& reader = context.readers.table(spec.node.name, spec.reading);
                return std::make_unique<TableSource>(spec.reading, reader, context.world.lake);
            }};
}

}  // namespace tarn::flow
