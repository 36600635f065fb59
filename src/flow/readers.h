#pragma once

// The topics and tables that flows read, each read and decoded once for all of them.

#include <map>
#include <memory>
#include <string>

#include "source.h"
#include "table_reader.h"
#include "tarn/flow/runtime.h"
#include "topic_reader.h"

namespace tarn::flow {

class Readers {
  public:
    // The referenced objects outlive it.
    Readers(RuntimeContext& world, uint64_t cache_bytes)
        : world_(world), cache_(world.memory, cache_bytes) {}
    void add(const project::Topic& topic, log::TopicInfo info);
    // Null for a topic that nobody added.
    TopicReader* topic(const std::string& name);
    // By what was added to it, or by what changed.
    TableReader& table(const std::string& name, Reading reading = Reading::kAdded);

  private:
    RuntimeContext& world_;
    CacheBudget cache_;
    std::map<std::string, std::unique_ptr<TopicReader>> topics_;
    std::map<std::pair<std::string, bool>, std::unique_ptr<TableReader>> tables_;
};

}  // namespace tarn::flow
