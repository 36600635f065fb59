#pragma once

// The state of a table at one version, made by replaying its log (PROTOCOL.md "Action
// Reconciliation").

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/delta/actions.h"
#include "tarn/delta/schema.h"

namespace tarn::delta {

// Live files in the order they came, in chunks that snapshots share: the next version of a table
// with many files copies one chunk. Empty slots are files removed since.
class FileList {
  public:
    static constexpr size_t kChunk = 512;
    using Slot = std::shared_ptr<const AddFile>;

    size_t size() const { return live_; }
    template <class F>
    void each(F&& f) const {
        for (auto& chunk : chunks_)
            for (auto& slot : *chunk)
                if (slot) f(slot);
    }
    std::vector<Slot> all() const;

    size_t append(Slot file);  // its position
    void erase(size_t position);
    const Slot& at(size_t position) const {
        return (*chunks_[position / kChunk])[position % kChunk];
    }
    // From now on another list has the same chunks: the next change copies the one it touches.
    void share() { shared_.assign(chunks_.size(), true); }

  private:
    using Chunk = std::vector<Slot>;
    Chunk& writable(size_t chunk);
    std::vector<std::shared_ptr<Chunk>> chunks_;
    std::vector<bool> shared_;
    size_t live_ = 0;
};

// Immutable; safe from any thread.
struct Snapshot {
    int64_t version = -1;
    std::string root;  // the table's folder
    Protocol protocol;
    std::shared_ptr<const Metadata> metadata;
    std::shared_ptr<const Schema> schema;  // null if the log has none
    FileList files;
    std::shared_ptr<const std::map<std::string, RemoveFile>> tombstones;
    std::shared_ptr<const std::map<std::string, SetTransaction>> transactions;
    std::shared_ptr<const std::map<std::string, DomainMetadata>> domains;
    int64_t commit_ms = 0;  // of the newest commit: in-commit timestamp, or commitInfo's; 0 unknown
    uint64_t bytes = 0;     // of live files
    int64_t rows = 0;       // live rows of the files that have a count
    uint64_t uncounted = 0;                 // files without one
    int64_t vectors = 0, deleted_rows = 0;  // deletion vectors of live files, and rows in them

    ColumnMapping mapping() const { return column_mapping(protocol, *metadata); }
    int64_t transaction(std::string_view app_id) const;  // -1 if none
    const std::string* property(std::string_view key) const {
        return find(metadata->configuration, key);
    }
    bool is_true(std::string_view key) const {
        return delta::is_true(metadata->configuration, key);
    }
};

// Applies commits one after another. Used by one thread at a time.
class Replay {
  public:
    explicit Replay(std::string root);
    // All of a checkpoint, action by action, then finish_checkpoint.
    Status apply_checkpointed(Action&& action);
    void finish_checkpoint(int64_t version) { state_.version = version; }
    // One whole commit. Within it removes come before adds, whatever their order.
    Status apply_commit(int64_t version, std::vector<Action>&& actions);
    // Errors: kCorrupted (no protocol, no metadata, schema), kUnsupported (protocol gate for
    // reading).
    Result<std::shared_ptr<const Snapshot>> snapshot();
    int64_t version() const { return state_.version; }
    const std::map<std::string, DomainMetadata>& domains() const { return *state_.domains; }
    bool has_file(std::string_view canonical_path) const;  // live, without a deletion vector

  private:
    // Copies the map when the last snapshot has it too.
    template <class T>
    struct CopyOnWrite {
        using Map = std::map<std::string, T>;
        bool shared = true;
        std::shared_ptr<Map> own;
        Map& writable(std::shared_ptr<const Map>& state) {
            if (shared) own = std::make_shared<Map>(*state);
            shared = false;
            state = own;
            return *own;
        }
    };
    Status apply(Action&& action);
    void forget(size_t position);
    void add(AddFile&& file);
    void remove(RemoveFile&& file);
    std::string key(const std::string& path, const DeletionVector* vector) const;

    Snapshot state_;
    bool has_protocol_ = false;
    bool schema_stale_ = false;
    std::unordered_map<std::string, size_t> positions_;  // of live files, by key
    CopyOnWrite<RemoveFile> tombstones_;
    CopyOnWrite<SetTransaction> transactions_;
    CopyOnWrite<DomainMetadata> domains_;
};

}  // namespace tarn::delta
