#include "tarn/delta/snapshot.h"

#include "tarn/base/names.h"
#include "tarn/delta/error_ids.h"
#include "tarn/delta/paths.h"
#include "tarn/delta/protocol_gate.h"

namespace tarn::delta {

const std::string* find(const StringMap& map, std::string_view key) {
    for (auto& [k, v] : map)
        if (k == key) return v ? &*v : nullptr;
    return nullptr;
}

bool is_true(const StringMap& map, std::string_view key) {
    const auto* text = find(map, key);
    return text && same_but_case(*text, "true");
}

std::string DeletionVector::unique_id() const {
    std::string id = storage + path_or_inline;
    if (offset) id += "@" + std::to_string(*offset);
    return id;
}

std::vector<FileList::Slot> FileList::all() const {
    std::vector<Slot> out;
    out.reserve(live_);
    each([&](const Slot& slot) { out.push_back(slot); });
    return out;
}

FileList::Chunk& FileList::writable(size_t chunk) {
    if (shared_[chunk]) {
        auto copy = std::make_shared<Chunk>();
        copy->reserve(kChunk);
        *copy = *chunks_[chunk];
        chunks_[chunk] = std::move(copy);
        shared_[chunk] = false;
    }
    return *chunks_[chunk];
}

size_t FileList::append(Slot file) {
    if (chunks_.empty() || chunks_.back()->size() == kChunk) {
        chunks_.push_back(std::make_shared<Chunk>());
        shared_.push_back(false);
    }
    auto& chunk = writable(chunks_.size() - 1);
    chunk.push_back(std::move(file));
    ++live_;
    return (chunks_.size() - 1) * kChunk + chunk.size() - 1;
}

void FileList::erase(size_t position) {
    writable(position / kChunk)[position % kChunk].reset();
    --live_;
}

int64_t Snapshot::transaction(std::string_view app_id) const {
    auto at = transactions->find(std::string(app_id));
    return at == transactions->end() ? -1 : at->second.version;
}

Replay::Replay(std::string root) {
    state_.root = std::move(root);
    state_.tombstones = std::make_shared<std::map<std::string, RemoveFile>>();
    state_.transactions = std::make_shared<std::map<std::string, SetTransaction>>();
    state_.domains = std::make_shared<std::map<std::string, DomainMetadata>>();
}

std::string Replay::key(const std::string& path, const DeletionVector* vector) const {
    std::string out = canonical_path(path, state_.root);
    if (vector) (out += '\0') += vector->unique_id();
    return out;
}

bool Replay::has_file(std::string_view canonical) const {
    return positions_.contains(std::string(canonical));
}

void Replay::forget(size_t position) {
    auto& file = *state_.files.at(position);
    state_.bytes -= uint64_t(file.size);
    if (auto rows = file.live_rows(); rows >= 0)
        state_.rows -= rows;
    else
        --state_.uncounted;
    if (file.deletion_vector) {
        --state_.vectors;
        state_.deleted_rows -= file.deletion_vector->cardinality;
    }
    state_.files.erase(position);
}

void Replay::add(AddFile&& file) {
    auto id = key(file.path, file.deletion_vector.get());
    if (state_.tombstones->contains(id)) tombstones_.writable(state_.tombstones).erase(id);
    state_.bytes += uint64_t(file.size);
    if (auto rows = file.live_rows(); rows >= 0)
        state_.rows += rows;
    else
        ++state_.uncounted;
    if (file.deletion_vector) {
        ++state_.vectors;
        state_.deleted_rows += file.deletion_vector->cardinality;
    }
    auto at = state_.files.append(std::make_shared<const AddFile>(std::move(file)));
    auto [entry, fresh] = positions_.emplace(std::move(id), at);
    if (fresh) return;
    forget(entry->second);
    entry->second = at;
}

void Replay::remove(RemoveFile&& file) {
    auto id = key(file.path, file.deletion_vector.get());
    if (auto at = positions_.find(id); at != positions_.end()) {
        forget(at->second);
        positions_.erase(at);
    }
    tombstones_.writable(state_.tombstones).insert_or_assign(std::move(id), std::move(file));
}

Status Replay::apply(Action&& action) {
    if (auto a = std::get_if<AddFile>(&action)) {
        add(std::move(*a));
    } else if (auto r = std::get_if<RemoveFile>(&action)) {
        remove(std::move(*r));
    } else if (auto t = std::get_if<SetTransaction>(&action)) {
        auto app_id = t->app_id;
        transactions_.writable(state_.transactions)
            .insert_or_assign(std::move(app_id), std::move(*t));
    } else if (auto d = std::get_if<DomainMetadata>(&action)) {
        auto& domains = domains_.writable(state_.domains);
        auto name = d->domain;
        if (d->removed)
            domains.erase(name);
        else
            domains.insert_or_assign(std::move(name), std::move(*d));
    } else if (auto p = std::get_if<Protocol>(&action)) {
        state_.protocol = std::move(*p);
        has_protocol_ = true;
    } else if (auto m = std::get_if<Metadata>(&action)) {
        state_.metadata = std::make_shared<const Metadata>(std::move(*m));
        schema_stale_ = true;
    } else if (auto c = std::get_if<CommitInfo>(&action)) {
        state_.commit_ms = c->in_commit_timestamp_ms.value_or(c->timestamp_ms.value_or(0));
    }
    return {};
}

Status Replay::apply_checkpointed(Action&& action) { return apply(std::move(action)); }

Status Replay::apply_commit(int64_t version, std::vector<Action>&& actions) {
    for (auto& action : actions)
        if (std::holds_alternative<RemoveFile>(action))
            TARN_RETURN_IF_ERROR(apply(std::move(action)));
    for (auto& action : actions)
        if (!std::holds_alternative<RemoveFile>(action))
            TARN_RETURN_IF_ERROR(apply(std::move(action)));
    state_.version = version;
    return {};
}

Result<std::shared_ptr<const Snapshot>> Replay::snapshot() {
    auto where = [&] {
        return " at version " + std::to_string(state_.version) + " of " + state_.root;
    };
    if (!has_protocol_)
        return fail(errors::kTableDamaged, "Delta log has no protocol action" + where());
    TARN_RETURN_IF_ERROR(check_readable(state_.protocol));
    if (!state_.metadata)
        return fail(errors::kTableDamaged, "Delta log has no metaData action" + where());
    if (schema_stale_) {
        state_.schema = nullptr;
        if (!state_.metadata->schema.empty()) {
            TARN_TRY(auto schema, parse_schema(state_.metadata->schema));
            state_.schema = std::make_shared<const Schema>(std::move(schema));
        }
        schema_stale_ = false;
    }
    state_.files.share();
    tombstones_.shared = transactions_.shared = domains_.shared = true;
    return std::make_shared<const Snapshot>(state_);
}

}  // namespace tarn::delta
