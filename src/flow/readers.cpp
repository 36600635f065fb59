#include "readers.h"

namespace tarn::flow {

void Readers::add(const project::Topic& topic, log::TopicInfo info) {
    topics_[topic.name] = std::make_unique<TopicReader>(topic, std::move(info), world_.log, cache_);
}

TopicReader* Readers::topic(const std::string& name) {
    auto it = topics_.find(name);
    return it == topics_.end() ? nullptr : it->second.get();
}

TableReader& Readers::table(const std::string& name, Reading reading) {
    const bool changes = reading != Reading::kAdded;
    auto& reader = tables_[{name, changes}];
    if (!reader)
        reader = std::make_unique<TableReader>(name, changes, world_.lake, world_.engine, cache_);
    return *reader;
}

}  // namespace tarn::flow
