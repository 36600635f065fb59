#include "tail.h"

#include <algorithm>

#include <fmt/format.h>

#include "identity.h"
#include "outputs.h"
#include "tarn/flow/error_ids.h"
#include "topic_reader.h"
#include "value_text.h"

namespace tarn::flow {
namespace {

// Nobody shares what it decodes.
struct OwnReader {
    OwnReader(const project::Topic& topic, log::TopicInfo info, log::Log& log)
        : cache(nullptr, 0), reader(topic, std::move(info), log, cache) {
        if (topic.decoded()) reader.need(topic.columns, true);
    }
    CacheBudget cache;
    TopicReader reader;
};

class RangeRows final : public sql::TailRows {
  public:
    RangeRows(std::shared_ptr<OwnReader> own, const sql::TailRange& range, Timestamp at)
        : own_(std::move(own)), range_(range) {
        as_if_.epoch = -1;
        as_if_.batch_time = at;
    }

    Result<BatchPtr> next() override {
        if (range_.from >= std::min(range_.to, range_.until)) return BatchPtr();
        TARN_TRY(auto chunk, own_->reader.read(range_.partition, range_.from, range_.to));
        if (!chunk)
            return fail(errors::kPositionBeyondLog,
                        fmt::format("the log ends before what was read of it: topic {} partition "
                                    "{} offset {}",
                                    own_->reader.topic().name, range_.partition, range_.from));
        range_.from = chunk->to.at;
        const auto& topic = own_->reader.topic();
        const auto rows = table_rows(topic, *chunk, as_if_);
        std::vector<size_t> columns;
        for (const auto& name : topic.table->partition_by)
            if (const auto at = rows->find(name); at >= 0) columns.push_back(size_t(at));
        return empty_as_null(rows, columns);
    }

  private:
    const std::shared_ptr<OwnReader> own_;
    sql::TailRange range_;
    EpochPlan as_if_;
};

class TopicTail final : public sql::TableTail {
  public:
    TopicTail(const project::Topic& topic, TailBasis basis, log::Log& log, Clock& clock)
        : topic_(topic),
          schema_(project::table_columns(topic)),
          basis_(std::move(basis)),
          log_(log),
          clock_(clock),
          info_(log.find_topic(topic.name)) {}

    const std::vector<codec::ColumnSpec>& schema() const override { return schema_; }

    Result<std::vector<sql::TailRange>> behind(const sql::TailVersion& version) const override {
        if (!info_) return none("topic {} is gone", topic_.name);
        if (!basis_.stopped.empty())
            return none("the table's flow has stopped: {}", basis_.stopped);
        const auto* build = build_of(version);
        if (!build)
            return none("version {} is not of the flow that writes it now", version.version);
        if (build->sources.size() != 1 || build->sources[0].id != info_->id)
            return none("topic {} is not the one that the table's flow has read", topic_.name);
        const auto app = app_id(*build);
        const auto& start = build->sources[0].start;
        const bool written = version.transaction(app) >= 0;
        bool placed = false;
        std::vector<sql::TailRange> out;
        const auto offsets = log_.offsets(partitions());
        for (int32_t p = 0; p < info_->config.partitions; ++p) {
            const auto& in_log = offsets[size_t(p)];
            if (!in_log) return none("topic {} is gone", topic_.name);
            auto from = version.transaction(fmt::format("{}/{}", app, p));
            placed = placed || from >= 0;
            if (from < 0 && written && version.forgets)
                return none(
                    "the table forgets txns (delta.setTransactionRetentionDuration), and "
                    "has none of topic {} partition {}",
                    topic_.name, p);
            if (from < 0) from = size_t(p) < start.size() ? start[size_t(p)].at : 0;
            if (from < in_log->log_start_offset || from > in_log->high_watermark)
                return none(
                    "the log holds offsets {} to {} of topic {} partition {}, and the "
                    "table ends at {}",
                    in_log->log_start_offset, in_log->high_watermark, topic_.name, p, from);
            out.push_back({info_->id, p, from, from});
        }
        if (written && !placed)
            return none("version {} does not say up to where it has topic {}", version.version,
                        topic_.name);
        return out;
    }

    Timestamp end(std::span<sql::TailRange* const> ranges) const override {
        std::vector<log::PartitionId> ids;
        for (const auto* range : ranges)
            ids.push_back({range->topic, range->partition});
        const auto offsets = log_.offsets(ids);
        for (size_t i = 0; i < ranges.size(); ++i)
            ranges[i]->to =
                offsets[i] ? std::max(ranges[i]->from, std::min(offsets[i]->high_watermark,
                                                                offsets[i]->last_stable_offset))
                           : ranges[i]->from;
        return clock_.now();
    }

    Result<std::unique_ptr<sql::TailRows>> read(const sql::TailRange& range,
                                                Timestamp at) const override {
        if (!info_) return fail(errors::kSourceGone, "the source is gone: topic " + topic_.name);
        auto own = std::make_shared<OwnReader>(topic_, *info_, log_);
        return std::make_unique<RangeRows>(std::move(own), range, at);
    }

  private:
    template <class... Args>
    static std::unexpected<Error> none(fmt::format_string<Args...> text, Args&&... args) {
        return fail(ErrorCode::kUnavailable, fmt::format(text, std::forward<Args>(args)...));
    }
    static std::string app_id(const JournalHeader& build) {
        return FlowIdentity{build.flow, build.generation, {}}.app_id();
    }
    std::vector<log::PartitionId> partitions() const {
        std::vector<log::PartitionId> out;
        for (int32_t p = 0; p < info_->config.partitions; ++p)
            out.push_back({info_->id, p});
        return out;
    }
    // The newest that has written to it. One that has written nothing yet, if nothing is there.
    const JournalHeader* build_of(const sql::TailVersion& version) const {
        const auto& builds = basis_.builds;
        for (auto build = builds.rbegin(); build != builds.rend(); ++build)
            if (version.transaction(app_id(*build)) >= 0) return &*build;
        return builds.empty() || version.has_rows ? nullptr : &builds.front();
    }

    const project::Topic topic_;
    const std::vector<codec::ColumnSpec> schema_;
    const TailBasis basis_;
    log::Log& log_;
    Clock& clock_;
    const std::optional<log::TopicInfo> info_;
};

}  // namespace

std::shared_ptr<const sql::TableTail> topic_tail(const project::Topic& topic, TailBasis basis,
                                                 log::Log& log, Clock& clock) {
    return std::make_shared<TopicTail>(topic, std::move(basis), log, clock);
}

}  // namespace tarn::flow
