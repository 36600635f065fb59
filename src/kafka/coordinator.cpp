#include "coordinator.h"

namespace tarn::kafka {

Result<std::unique_ptr<Coordinator>> Coordinator::open(Broker& broker) {
    std::unique_ptr<Coordinator> coordinator(new Coordinator(broker));
    TARN_TRY(coordinator->offsets_, OffsetStore::open(broker.log(), broker.context.logger));
    return coordinator;
}

void Coordinator::stop() {
    MutexLock lock(mutex_);
    stopped_ = true;
    for (auto& [id, entry] : groups_)
        entry->group.kill(KafkaError::kCoordinatorNotAvailable);
    groups_.clear();
}

std::string Coordinator::new_member_id(const std::string& prefix) {
    MutexLock lock(mutex_);
    return prefix + "-" + Uuid::make(broker_.context.random).str();
}

void Coordinator::join(const std::string& id, JoinRequest request, JoinCallback done) {
    JoinAnswer refused;
    refused.member_id = request.member_id;
    MutexLock lock(mutex_);
    auto it = groups_.find(id);
    if (it == groups_.end()) {
        if (stopped_ || groups_.size() >= kMaxGroups)
            refused.error = KafkaError::kCoordinatorNotAvailable;
        else if (!request.member_id.empty())
            refused.error = KafkaError::kUnknownMemberId;
        if (refused.error != KafkaError::kNone) {
            lock.unlock();
            return done(std::move(refused));
        }
        GroupOptions options;
        options.initial_delay = broker_.options.group_initial_delay;
        it = groups_.emplace(id, std::make_unique<Entry>(id, options)).first;
    }
    auto& group = it->second->group;
    const auto generation = group.generation();
    group.join(now_us(), std::move(request), std::move(done));
    settle(it, generation);
}

void Coordinator::sync(const std::string& id, SyncRequest request, SyncCallback done) {
    MutexLock lock(mutex_);
    const auto it = groups_.find(id);
    if (it == groups_.end()) {
        const auto error =
            stopped_ ? KafkaError::kCoordinatorNotAvailable : KafkaError::kUnknownMemberId;
        lock.unlock();
        return done({error, {}, {}, {}});
    }
    auto& group = it->second->group;
    const auto generation = group.generation();
    group.sync(now_us(), std::move(request), std::move(done));
    settle(it, generation);
}

KafkaError Coordinator::with_group(const std::string& id,
                                   const std::function<KafkaError(Group&, int64_t)>& step) {
    MutexLock lock(mutex_);
    if (stopped_) return KafkaError::kCoordinatorNotAvailable;
    const auto it = groups_.find(id);
    if (it == groups_.end()) return KafkaError::kUnknownMemberId;
    const auto generation = it->second->group.generation();
    const auto error = step(it->second->group, now_us());
    settle(it, generation);
    return error;
}

bool Coordinator::inspect(const std::string& id,
                          const std::function<void(const Group&)>& read) const {
    MutexLock lock(mutex_);
    const auto it = groups_.find(id);
    if (it == groups_.end()) return false;
    read(it->second->group);
    return true;
}

void Coordinator::inspect_all(const std::function<void(const Group&)>& read) const {
    MutexLock lock(mutex_);
    for (const auto& [id, entry] : groups_)
        read(entry->group);
}

KafkaError Coordinator::may_commit(const std::string& id, const std::string& member_id,
                                   const std::optional<std::string>& instance_id,
                                   int32_t generation) {
    MutexLock lock(mutex_);
    if (stopped_) return KafkaError::kCoordinatorNotAvailable;
    const auto it = groups_.find(id);
    if (it == groups_.end())
        return generation < 0 ? KafkaError::kNone : KafkaError::kIllegalGeneration;
    return it->second->group.may_commit(now_us(), member_id, instance_id, generation);
}

void Coordinator::remove(const std::string& id, OffsetStore::Done done) {
    auto error = KafkaError::kNone;
    {
        MutexLock lock(mutex_);
        const auto it = groups_.find(id);
        const bool in_memory = it != groups_.end();
        if (in_memory && !it->second->group.members().empty())
            error = KafkaError::kNonEmptyGroup;
        else if (!in_memory && !offsets_->has_group(id))
            error = KafkaError::kGroupIdNotFound;
        else if (in_memory)
            groups_.erase(it);
    }
    if (error != KafkaError::kNone) return done(error);
    std::vector<OffsetChange> changes;
    for (const auto& [partition, value] : offsets_->of_group(id))
        changes.push_back({id, partition, std::nullopt});
    offsets_->commit(std::move(changes), std::move(done));
}

void Coordinator::forget_topic(const Uuid& topic) {
    offsets_->commit(offsets_->removal_of_topic(topic), [](KafkaError) {});
}

void Coordinator::settle(std::map<std::string, std::unique_ptr<Entry>>::iterator it,
                         int32_t generation) {
    auto& entry = *it->second;
    if (entry.group.generation() != generation) broker_.metrics.rebalances.add();
    if (entry.group.idle()) {
        if (entry.timer_due_us != 0) broker_.timers.cancel(entry.timer);
        groups_.erase(it);
        return;
    }
    const auto next = entry.group.next_deadline_us();
    // A timer set earlier than needed fires, finds nothing due and is set anew: heartbeats need not
    // touch it.
    if (!next || (entry.timer_due_us != 0 && entry.timer_due_us <= *next)) return;
    if (entry.timer_due_us != 0) broker_.timers.cancel(entry.timer);
    entry.timer_due_us = *next;
    entry.timer = broker_.timers.schedule(Duration{*next - now_us()},
                                          [this, id = it->first] { on_timer(id); });
}

void Coordinator::on_timer(const std::string& id) {
    MutexLock lock(mutex_);
    const auto it = groups_.find(id);
    if (it == groups_.end()) return;
    auto& entry = *it->second;
    entry.timer_due_us = 0;
    const auto generation = entry.group.generation();
    entry.group.tick(now_us());
    settle(it, generation);
}

}  // namespace tarn::kafka
