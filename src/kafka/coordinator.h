#pragma once

// The groups of this broker: their state machines, driven by requests and timers, and their
// committed offsets. Groups live in memory (after a restart members join anew, as Kafka's clients
// do by themselves); offsets are durable. Thread-safe: one lock for all groups, held only for steps
// in memory.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker.h"
#include "group.h"
#include "offset_store.h"
#include "tarn/kafka/groups.h"

namespace tarn::kafka {

class Coordinator {
  public:
    static Result<std::unique_ptr<Coordinator>> open(Broker& broker);
    // Answers all who wait. Idempotent.
    void stop();

    void join(const std::string& group, JoinRequest request, JoinCallback done);
    void sync(const std::string& group, SyncRequest request, SyncCallback done);
    // Runs `step(group, now_us)` under the lock, then sees to the group's timer. UNKNOWN_MEMBER_ID
    // without a group.
    KafkaError with_group(const std::string& group,
                          const std::function<KafkaError(Group&, int64_t)>& step);
    // Reads under the lock. False without such a group in memory.
    bool inspect(const std::string& group, const std::function<void(const Group&)>& read) const;
    void inspect_all(const std::function<void(const Group&)>& read) const;
    // Whether this member may commit; a group nobody is a member of may be committed to by anyone.
    KafkaError may_commit(const std::string& group, const std::string& member_id,
                          const std::optional<std::string>& instance_id, int32_t generation);
    // NON_EMPTY_GROUP, GROUP_ID_NOT_FOUND; `done` once its offsets are gone for good.
    void remove(const std::string& group, OffsetStore::Done done);
    // The offsets of a deleted topic go, in the background.
    void forget_topic(const Uuid& topic);

    OffsetStore& offsets() { return *offsets_; }
    const Uuid& offsets_topic() const { return offsets_->topic_id(); }
    std::string new_member_id(const std::string& prefix);

  private:
    struct Entry {
        explicit Entry(const std::string& id, GroupOptions options) : group(id, options) {}
        Group group;
        int64_t timer_due_us = 0;  // 0: none set
        TimerQueue::Id timer{};
    };
    explicit Coordinator(Broker& broker) : broker_(broker) {}
    int64_t now_us() { return broker_.context.clock.monotonic_us(); }
    // After every step: counts generations, sets the timer, forgets what is idle.
    void settle(std::map<std::string, std::unique_ptr<Entry>>::iterator it, int32_t generation)
        TARN_REQUIRES(mutex_);
    void on_timer(const std::string& group);

    Broker& broker_;
    std::shared_ptr<OffsetStore> offsets_;
    mutable Mutex mutex_;
    std::map<std::string, std::unique_ptr<Entry>> groups_ TARN_GUARDED_BY(mutex_);
    bool stopped_ TARN_GUARDED_BY(mutex_) = false;
};

// What people are shown of one group, or of all by name (group_info.cpp). Nothing: there is no such
// group.
std::optional<GroupInfo> describe_group(Broker& broker, const std::string& name);
std::vector<GroupInfo> list_all_groups(Broker& broker);

// Groups held in memory at most; a join that would make one more is refused.
inline constexpr size_t kMaxGroups = 100'000;

}  // namespace tarn::kafka
