#pragma once

// Live keyed state: the newest row for each key, durable together with the epoch of the flow that
// wrote it, never read backwards after a crash. One ViewStore holds all views of a data folder. Two
// implementations under the same conformance tests: RocksDB, and a simple deterministic one on
// io::FileSystem for simulation.
//
// Thread-safe: one writer a view, readers at any time; a reader sees whole epochs only.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tarn/base/result.h"
#include "tarn/base/time.h"
#include "tarn/codec/column_batch.h"
#include "tarn/io/failpoints.h"
#include "tarn/io/file_system.h"

namespace tarn::view {

struct ViewSpec {
    std::string name;  // "live.clicks_windows"
    std::vector<codec::ColumnSpec> columns;
    std::vector<int>
        key;  // columns of the key, in key order: scans are ordered by them (NULL first)
    std::string
        generation;  // of the flow; another generation over existing rows is an explicit choice
};

// What a flow commits in one batch: rows and epoch together.
struct ViewCommit {
    int64_t epoch = 0;
    std::shared_ptr<const codec::ColumnBatch> upserts = {};  // may be null
    // Rows whose first key column (a TIMESTAMPTZ) is below this are removed. Retention of windows.
    std::optional<Timestamp> remove_before = {};
    Timestamp time = {};  // of the commit, shown as freshness
};

struct ViewState {
    int64_t epoch = -1;  // -1: nothing committed yet
    Timestamp time;
    uint64_t rows = 0;  // estimate
};

struct ScanRange {
    // On the first key column (a TIMESTAMPTZ): from inclusive, to exclusive.
    std::optional<Timestamp> from = {}, to = {};
    size_t limit = SIZE_MAX;
    bool newest_first = false;
};

class View {
  public:
    virtual ~View() = default;
    virtual const ViewSpec& spec() const = 0;
    // Durable when it returns (synced). An epoch not above the current one is ignored. Errors: kIo,
    // kResourceExhausted.
    virtual Status commit(const ViewCommit& commit) = 0;
    virtual ViewState state() const = 0;
    // A consistent snapshot at one epoch.
    virtual Result<std::shared_ptr<const codec::ColumnBatch>> scan(
        const ScanRange& range) const = 0;
    virtual Result<std::shared_ptr<const codec::ColumnBatch>> get(
        const codec::ColumnBatch& keys) const = 0;
    // Called after each commit from the writer's thread; must return at once. Token for
    // remove_listener.
    virtual uint64_t add_listener(std::function<void(const ViewCommit&)> listener) = 0;
    virtual void remove_listener(uint64_t token) = 0;
};

class ViewStore {
  public:
    virtual ~ViewStore() = default;
    // Opens or creates. Errors: kFailedPrecondition (another generation or other columns stand
    // there; says which).
    virtual Result<std::shared_ptr<View>> open_view(const ViewSpec& spec) = 0;
    virtual std::vector<std::string> names() const = 0;
    virtual std::shared_ptr<View> find(std::string_view name) const = 0;
    // Removes a view with its rows and epoch.
    virtual Status drop_view(std::string_view name) = 0;
    // Puts the view `from` in the place of `name`, which need not be there, in one write. Readers
    // of the old one see it until they ask for it again. Without a view `from` it does nothing.
    virtual Status replace_view(std::string_view name, std::string_view from) = 0;
};

struct RocksOptions {
    std::string folder;  // <data>/views
    uint64_t cache_bytes = 16ull << 20;
    uint64_t memtable_bytes = 16ull << 20;
};
Result<std::unique_ptr<ViewStore>> open_rocks_store(RocksOptions options,
                                                    io::Failpoints& failpoints);
// Every commit is one record of a journal, rewritten when it has grown; rows live in memory.
Result<std::unique_ptr<ViewStore>> open_simple_store(std::string folder, io::FileSystem& fs,
                                                     io::Failpoints& failpoints);

}  // namespace tarn::view
