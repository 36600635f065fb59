#pragma once

// One walk over the platform's map for one event. Used by one thread.

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "event_search.h"
#include "tarn/catalog/trace.h"

namespace tarn::catalog {

inline constexpr size_t kRunsLookedAt = 2'000;

class Walk {
  public:
    Walk(const host::Platform& platform, EventSearch& search)
        : platform_(platform),
          search_(search),
          flows_(platform.flows.list()),
          runs_(platform.flows.runs(kRunsLookedAt)) {}

    Status topic(const EventPlace& place);
    std::string verdict() const;
    std::vector<Step> steps() && { return std::move(steps_); }

    std::optional<Timestamp> sent;
    std::optional<EventId> id;

  private:
    Step& add(std::string kind, std::string name, std::string state, std::string detail = {});
    Status table_flow(const flow::FlowStatus& flow, const EventPlace& place);
    Status live_flow(const flow::FlowStatus& flow, const EventPlace& place);
    Status table(const std::string& name, const nlohmann::json& row);
    Status model_flow(const flow::FlowStatus& flow, int64_t version, const nlohmann::json& row);
    Status model_sink(const flow::FlowStatus& flow, const std::string& name,
                      const nlohmann::json& row, const Step& of_flow);
    Status session_sink(const flow::FlowStatus& flow, const std::string& name,
                        const nlohmann::json& row);
    std::string session_query(const flow::FlowStatus& flow, const std::string& name,
                              const nlohmann::json& row);
    Result<bool> side(const flow::FlowStatus& flow, const EventPlace& place,
                      const std::string& state);
    bool waits(const flow::FlowStatus& flow, int32_t partition, int64_t position);
    const flow::RunRecord* run_of(const flow::FlowStatus& flow, int32_t partition,
                                  int64_t position) const;
    Result<std::optional<nlohmann::json>> row_at(const std::string& table, const EventPlace& place);
    bool has_column(const std::string& table, std::string_view column);
    void commit_of(Step& step, const std::string& table, int64_t epoch,
                   std::optional<Timestamp> visible);

    const host::Platform& platform_;
    EventSearch& search_;
    std::vector<flow::FlowStatus> flows_;
    std::vector<flow::RunRecord> runs_;
    std::vector<Step> steps_;
    std::set<std::string> seen_;  // tables and topics
    bool rejected_ = false;       // it is a dead letter: no row of it anywhere
};

}  // namespace tarn::catalog
