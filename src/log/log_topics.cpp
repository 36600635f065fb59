// Topics: the document on disk is replaced first, memory follows.

#include <fmt/format.h>

#include <algorithm>

#include "log_impl.h"
#include "tarn/log/error_ids.h"

namespace tarn::log {
namespace {

Status check_name(std::string_view name) {
    bool good = !name.empty() && name.size() <= 249 && name != "." && name != ".." &&
                std::ranges::all_of(name, [](char c) {
                    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
                });
    if (good) return {};
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("a topic's name has 1 to 249 of the characters a-z A-Z 0-9 . _ - and "
                            "is not . or ..: '{}'",
                            name));
}

Status check_config(const TopicConfig& config) {
    if (config.partitions < 1 || config.partitions > 100'000) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("a topic has 1 to 100,000 partitions, not {}", config.partitions));
    }
    if (config.max_message_bytes < 0) {
        return fail(ErrorCode::kInvalidArgument, "max_message_bytes is negative");
    }
    return {};
}

Error no_topic(std::string_view name) {
    return Error(errors::kNoTopic, fmt::format("there is no topic '{}'", name));
}

}  // namespace

std::shared_ptr<Topic> Log::Impl::make_topic(uint32_t number, TopicInfo info) {
    auto topic = std::make_shared<Topic>();
    topic->number = number;
    topic->info = std::move(info);
    return topic;
}

// Those that the topic's config asks for and that are not there yet.
void Log::Impl::add_partitions(Topic& topic) {
    while (topic.partitions.size() < size_t(topic.info.config.partitions)) {
        auto p = std::make_shared<Partition>();
        p->id = {topic.info.id, int32_t(topic.partitions.size())};
        p->key = partition_key(topic.number, uint32_t(p->id.partition));
        p->topic = &topic;
        partitions_[p->key] = p;
        topic.partitions.push_back(std::move(p));
    }
}

TopicsDocument Log::Impl::topics_document() const {
    TopicsDocument document{log_id_, next_topic_number_, {}};
    for (auto& [name, topic] : topics_)
        document.topics.push_back({topic->number, topic->info});
    return document;
}

Status Log::Impl::store_topics(const TopicsDocument& document) {
    TARN_RETURN_IF_ERROR(context_.failpoints.hit("log.topics.before_replace"));
    auto stored = context_.fs.replace(options_.folder + "/topics", encode_topics(document));
    if (!stored && stored.error().code() == ErrorCode::kIo) {
        // The file may say either. What is appended to a topic that it no longer names would be
        // lost at the next start: nothing more is acknowledged. (A full disk leaves the old file.)
        MutexLock lock(mutex_);
        read_only_ = "the list of topics could not be stored: " + stored.error().message();
        metrics_.read_only.set(1);
    }
    TARN_RETURN_IF_ERROR(stored);
    return context_.failpoints.hit("log.topics.after_replace");
}

std::shared_ptr<Partition> Log::Impl::find_partition(const PartitionId& id) const {
    auto found = topics_by_id_.find(id.topic);
    if (found == topics_by_id_.end() || id.partition < 0) return nullptr;
    auto& partitions = found->second->partitions;
    return size_t(id.partition) < partitions.size() ? partitions[size_t(id.partition)] : nullptr;
}

Result<TopicInfo> Log::Impl::create_topic(std::string_view name, TopicConfig config,
                                          bool internal) {
    TARN_RETURN_IF_ERROR(check_name(name));
    TARN_RETURN_IF_ERROR(check_config(config));
    MutexLock topics(topics_mutex_);
    TopicInfo info{std::string(name), {}, std::move(config), context_.clock.now(), internal};
    {
        MutexLock lock(random_mutex_);
        info.id = Uuid::make(context_.random);
    }
    TopicsDocument document;
    uint32_t number = 0;
    {
        MutexLock lock(mutex_);
        if (topics_.contains(name)) {
            return fail(errors::kTopicExists, fmt::format("topic '{}' exists already", name));
        }
        number = next_topic_number_;
        document = topics_document();
    }
    document.next_number = number + 1;
    document.topics.push_back({number, info});
    // On an error the file may say either: the number is not used again, so both are harmless.
    auto stored = store_topics(document);
    MutexLock lock(mutex_);
    next_topic_number_ = number + 1;
    TARN_RETURN_IF_ERROR(stored);
    auto topic = make_topic(number, info);
    add_partitions(*topic);
    topics_by_id_[info.id] = topic;
    topics_[info.name] = std::move(topic);
    return info;
}

Status Log::Impl::delete_topic(std::string_view name) {
    MutexLock topics(topics_mutex_);
    std::vector<PartitionId> gone;
    TopicsDocument document;
    {
        MutexLock lock(mutex_);
        auto found = topics_.find(name);
        if (found == topics_.end()) return fail(no_topic(name));
        for (auto& p : found->second->partitions) {
            if (auto holder = holder_of(p->id); !holder.empty()) {
                return fail(
                    ErrorCode::kFailedPrecondition,
                    fmt::format("topic '{}' is needed by '{}': stop that first", name, holder));
            }
            gone.push_back(p->id);
        }
        document = topics_document();
        std::erase_if(document.topics, [&](auto& t) { return t.info.name == name; });
    }
    TARN_RETURN_IF_ERROR(store_topics(document));
    std::shared_ptr<Topic> topic;
    {
        MutexLock lock(mutex_);
        auto found = topics_.find(name);
        topic = found->second;
        topics_.erase(found);
        topics_by_id_.erase(topic->info.id);
        for (auto& p : topic->partitions) {
            for (auto& span : p->spans)
                release_span(span);
            p->spans.clear();
            p->dead = true;
            p->topic = nullptr;
            partitions_.erase(p->key);
        }
    }
    notify(gone);
    return {};
}

Status Log::Impl::alter_topic(std::string_view name, TopicConfig config) {
    TARN_RETURN_IF_ERROR(check_config(config));
    MutexLock topics(topics_mutex_);
    TopicsDocument document;
    {
        MutexLock lock(mutex_);
        auto found = topics_.find(name);
        if (found == topics_.end()) return fail(no_topic(name));
        if (config.partitions < found->second->info.config.partitions) {
            return fail(
                ErrorCode::kInvalidArgument,
                fmt::format("a topic cannot lose partitions: '{}' has {}, asked for {}", name,
                            found->second->info.config.partitions, config.partitions));
        }
        document = topics_document();
        for (auto& t : document.topics) {
            if (t.info.name == name) t.info.config = config;
        }
    }
    TARN_RETURN_IF_ERROR(store_topics(document));
    MutexLock lock(mutex_);
    auto& topic = *topics_.find(name)->second;
    topic.info.config = std::move(config);
    add_partitions(topic);
    return {};
}

std::vector<TopicInfo> Log::Impl::topics() const {
    MutexLock lock(mutex_);
    std::vector<TopicInfo> all;
    all.reserve(topics_.size());
    for (auto& [name, topic] : topics_)
        all.push_back(topic->info);
    return all;
}

std::optional<TopicInfo> Log::Impl::find_topic(std::string_view name) const {
    MutexLock lock(mutex_);
    auto found = topics_.find(name);
    if (found == topics_.end()) return {};
    return found->second->info;
}

std::optional<TopicInfo> Log::Impl::find_topic(const Uuid& id) const {
    MutexLock lock(mutex_);
    auto found = topics_by_id_.find(id);
    if (found == topics_by_id_.end()) return {};
    return found->second->info;
}

std::optional<Writer> Log::Impl::writer_position(const PartitionId& id, int64_t writer_id) const {
    // Between windows, so that what is told is durable.
    MutexLock commit(commit_mutex_);
    MutexLock lock(mutex_);
    auto partition = find_partition(id);
    if (!partition) return {};
    return partition->producers.writer(writer_id);
}

}  // namespace tarn::log
