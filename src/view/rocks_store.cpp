// The RocksDB store: one database for all views of a data folder. A commit is one synced write
// batch of rows and epoch, so no crash parts them.
//
//   key 00                    → version of this layout, u32 little-endian
//   key 01 name               → id u32 big-endian | spec (row_codec.h)
//   key 02                    → the last id given, u32 big-endian
//   key 03 id                 → epoch time rows, zigzag varints: the state after the last commit
//   key 04 id key (row_codec) → row
//
// RocksDB has threads of its own (flush, compaction), bounded to two.

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include <fmt/format.h>

#include "tarn/io/error_ids.h"
#include "tarn/view/error_ids.h"
#include "view_base.h"

namespace tarn::view {
namespace {

constexpr uint32_t kLayoutVersion = 1;
const std::string kVersionKey(1, '\x00'), kSpecPrefix(1, '\x01'), kLastIdKey(1, '\x02');

Status to_status(const rocksdb::Status& status, std::string_view what) {
    if (status.ok()) return {};
    auto code = ErrorCode::kIo;
    if (status.IsNotFound()) code = ErrorCode::kNotFound;
    if (status.IsCorruption()) code = ErrorCode::kCorrupted;
    if (status.IsNoSpace()) code = ErrorCode::kResourceExhausted;
    if (status.IsBusy()) code = ErrorCode::kFailedPrecondition;
    return fail(code, fmt::format("{}: {}", what, status.ToString()));
}

rocksdb::Slice slice(std::string_view s) { return {s.data(), s.size()}; }
std::string_view text(const rocksdb::Slice& s) { return {s.data(), s.size()}; }

std::string id_key(char kind, uint32_t id) {
    std::string out(1, kind);
    char b[4];
    store_be<uint32_t>(b, id);
    return out.append(b, 4);
}

std::string encode_state(const ViewState& state) {
    ByteWriter out;
    out.zigzag(state.epoch);
    out.zigzag(state.time.us);
    out.zigzag(int64_t(state.rows));
    return out.take();
}

class RocksView final : public ViewBase {
  public:
    RocksView(ViewSpec spec, RowCodec codec, uint32_t id, std::shared_ptr<rocksdb::DB> db,
              io::Failpoints& failpoints)
        : ViewBase(std::move(spec), std::move(codec)),
          prefix_(id_key('\x04', id)),
          end_(id_key('\x04', id + 1)),
          state_key_(id_key('\x03', id)),
          db_(std::move(db)),
          failpoints_(failpoints) {}

    Status load() {
        MutexLock lock(mutex_);
        std::string bytes;
        auto status = db_->Get({}, slice(state_key_), &bytes);
        if (status.IsNotFound()) return {};
        TARN_RETURN_IF_ERROR(to_status(status, "cannot read the state of view " + spec_.name));
        ByteReader in(bytes);
        state_.epoch = in.zigzag();
        state_.time.us = in.zigzag();
        state_.rows = uint64_t(in.zigzag());
        return in.status("the state of view " + spec_.name);
    }

    Status commit(const ViewCommit& commit) override {
        {
            MutexLock writer(writer_mutex_);
            if (commit.epoch <= state().epoch) return {};
            TARN_RETURN_IF_ERROR(commit_locked(commit));
        }
        notify(commit);
        return {};
    }

    ViewState state() const override {
        MutexLock lock(mutex_);
        return state_;
    }

    Result<std::shared_ptr<const codec::ColumnBatch>> scan(const ScanRange& range) const override {
        TARN_TRY(auto keys, key_range(codec_, range));
        RowCodec::Rows out(codec_);
        if (!keys.to.empty() && keys.to <= keys.from) return out.finish();
        auto lower = prefix_ + keys.from;
        auto upper = keys.to.empty() ? end_ : prefix_ + keys.to;
        rocksdb::Slice bounds[2] = {slice(lower), slice(upper)};
        rocksdb::ReadOptions options;
        options.iterate_lower_bound = &bounds[0];
        options.iterate_upper_bound = &bounds[1];
        // An iterator sees the database as it was when it was made: one epoch.
        std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options));
        if (range.newest_first && range.from)
            TARN_RETURN_IF_ERROR(add_newest(*it, range.limit, out));
        else
            TARN_RETURN_IF_ERROR(add_in_order(*it, range, out));
        TARN_RETURN_IF_ERROR(to_status(it->status(), "cannot read view " + spec_.name));
        return out.finish();
    }

    Result<std::shared_ptr<const codec::ColumnBatch>> get(
        const codec::ColumnBatch& keys) const override {
        TARN_TRY(auto indexes, codec_.key_columns_of(keys));
        RowCodec::Rows out(codec_);
        rocksdb::ReadOptions options;
        auto release = [&](const rocksdb::Snapshot* s) { db_->ReleaseSnapshot(s); };
        std::unique_ptr<const rocksdb::Snapshot, decltype(release)> snapshot(db_->GetSnapshot(),
                                                                             release);
        options.snapshot = snapshot.get();
        for (size_t row = 0; row < keys.row_count; ++row) {
            auto key = prefix_;
            codec_.append_key(keys, indexes, row, key);
            rocksdb::PinnableSlice value;
            auto status = db_->Get(options, db_->DefaultColumnFamily(), slice(key), &value);
            if (status.IsNotFound()) continue;
            TARN_RETURN_IF_ERROR(to_status(status, "cannot read view " + spec_.name));
            TARN_RETURN_IF_ERROR(
                out.add(std::string_view(key).substr(prefix_.size()), text(value)));
        }
        return out.finish();
    }

  private:
    std::string_view row_key(const rocksdb::Slice& key) const {
        return text(key).substr(prefix_.size());
    }

    Status add_in_order(rocksdb::Iterator& it, const ScanRange& range, RowCodec::Rows& out) const {
        range.newest_first ? it.SeekToLast() : it.SeekToFirst();
        for (; it.Valid() && out.count() < range.limit; range.newest_first ? it.Prev() : it.Next())
            TARN_RETURN_IF_ERROR(out.add(row_key(it.key()), text(it.value())));
        return {};
    }

    // A row that changes with each epoch has as many versions in memory, and a step backwards searches each of them
    // anew: a bounded range is walked forwards and turned round.
    Status add_newest(rocksdb::Iterator& it, size_t limit, RowCodec::Rows& out) const {
        std::vector<std::pair<std::string, std::string>> rows;
        for (it.SeekToFirst(); it.Valid(); it.Next())
            rows.emplace_back(row_key(it.key()), text(it.value()));
        for (auto row = rows.rbegin(); row != rows.rend() && out.count() < limit; ++row)
            TARN_RETURN_IF_ERROR(out.add(row->first, row->second));
        return {};
    }

    Status commit_locked(const ViewCommit& commit) TARN_REQUIRES(writer_mutex_) {
        rocksdb::WriteBatch batch;
        auto next = state();
        next.epoch = commit.epoch;
        next.time = commit.time;
        auto removed_to = removed_to_;
        if (commit.remove_before) {
            if (!codec_.first_key_is_time()) {
                return fail(
                    ErrorCode::kInvalidArgument,
                    "rows are removed by time, but the first key column is none: " + spec_.name);
            }
            removed_to = std::max(removed_to, prefix_ + RowCodec::key_from(*commit.remove_before));
            TARN_RETURN_IF_ERROR(remove(removed_to, batch, next.rows));
        }
        if (commit.upserts) TARN_RETURN_IF_ERROR(upsert(commit, batch, next.rows, removed_to));
        auto state_bytes = encode_state(next);
        batch.Put(slice(state_key_), slice(state_bytes));
        TARN_RETURN_IF_ERROR(failpoints_.hit("view.commit.before_write"));
        rocksdb::WriteOptions options;
        options.sync = true;
        TARN_RETURN_IF_ERROR(
            to_status(db_->Write(options, &batch), "cannot write view " + spec_.name));
        removed_to_ = std::move(removed_to);
        {
            MutexLock lock(mutex_);
            state_ = next;
        }
        return failpoints_.hit("view.commit.after_sync");
    }

    // Deletes rows below `to`. What earlier commits deleted is not walked again: its tombstones
    // make a scan slow.
    Status remove(const std::string& to, rocksdb::WriteBatch& batch, uint64_t& rows)
        TARN_REQUIRES(writer_mutex_) {
        auto from = removed_to_.empty() ? prefix_ + RowCodec::first_not_null() : removed_to_;
        if (to <= from) return {};
        rocksdb::Slice upper = slice(to);
        rocksdb::ReadOptions options;
        options.iterate_upper_bound = &upper;
        std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options));
        for (it->Seek(slice(from)); it->Valid(); it->Next()) {
            batch.Delete(it->key());
            if (rows > 0) --rows;
        }
        return to_status(it->status(), "cannot read view " + spec_.name);
    }

    Status upsert(const ViewCommit& commit, rocksdb::WriteBatch& batch, uint64_t& rows,
                  std::string& removed_to) TARN_REQUIRES(writer_mutex_) {
        TARN_RETURN_IF_ERROR(codec_.check_schema(*commit.upserts));
        auto first = prefix_ + RowCodec::first_not_null();
        auto bound = commit.remove_before ? prefix_ + RowCodec::key_from(*commit.remove_before)
                                          : std::string();
        std::string key, value, old;
        for (size_t row = 0; row < commit.upserts->row_count; ++row) {
            key = prefix_;
            codec_.append_key(*commit.upserts, row, key);
            if (key >= first && key < bound) continue;  // removed in the same commit
            value.clear();
            codec_.append_value(*commit.upserts, row, value);
            // By bloom filters and memory alone: the count of rows is an estimate.
            if (!db_->KeyMayExist({}, slice(key), &old)) ++rows;
            if (key >= first && key < removed_to) removed_to = key;
            batch.Put(slice(key), slice(value));
        }
        return {};
    }

    const std::string prefix_, end_, state_key_;
    const std::shared_ptr<rocksdb::DB> db_;
    io::Failpoints& failpoints_;
    Mutex writer_mutex_;
    std::string removed_to_
        TARN_GUARDED_BY(writer_mutex_);  // no row stands between the first instant and this
    mutable Mutex mutex_;
    ViewState state_ TARN_GUARDED_BY(mutex_);
};

rocksdb::Options database_options(const RocksOptions& options) {
    rocksdb::Options out;
    out.create_if_missing = true;
    out.compression = rocksdb::kNoCompression;
    out.write_buffer_size = std::max<uint64_t>(options.memtable_bytes / 2, 1 << 20);
    out.db_write_buffer_size = options.memtable_bytes;
    out.max_total_wal_size = 2 * options.memtable_bytes;
    out.max_background_jobs = 2;
    out.max_open_files = 128;
    // Every commit is synced, so only the last record can be torn: anything else is damage and must
    // be said.
    out.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
    out.recycle_log_file_num = 0;
    out.keep_log_file_num = 2;
    out.max_log_file_size = 1 << 20;
    out.max_manifest_file_size = 4 << 20;
    out.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
    out.stats_dump_period_sec = 0;
    out.stats_persist_period_sec = 0;
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = rocksdb::NewLRUCache(options.cache_bytes);
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    table.cache_index_and_filter_blocks = true;
    out.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    return out;
}

class RocksStore final : public ViewStore {
  public:
    RocksStore(std::shared_ptr<rocksdb::DB> db, io::Failpoints& failpoints)
        : db_(std::move(db)), failpoints_(failpoints) {}

    Status load() {
        MutexLock lock(mutex_);
        std::string bytes;
        auto status = db_->Get({}, slice(kVersionKey), &bytes);
        if (status.IsNotFound()) {
            char version[4];
            store_le<uint32_t>(version, kLayoutVersion);
            return write(
                [&](rocksdb::WriteBatch& batch) { batch.Put(slice(kVersionKey), {version, 4}); });
        }
        TARN_RETURN_IF_ERROR(to_status(status, "cannot read the views"));
        if (bytes.size() != 4 || load_le<uint32_t>(bytes.data()) != kLayoutVersion) {
            return fail(errors::kDataFolderNewer,
                        "the views were written by a newer version of Tarn: use that");
        }
        std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}));
        for (it->Seek(slice(kSpecPrefix)); it->Valid() && it->key().starts_with(slice(kSpecPrefix));
             it->Next())
            TARN_RETURN_IF_ERROR(load_view(text(it->value())));
        return to_status(it->status(), "cannot read the views");
    }

    Result<std::shared_ptr<View>> open_view(const ViewSpec& spec) override {
        TARN_RETURN_IF_ERROR(RowCodec::make(spec));
        MutexLock lock(mutex_);
        if (auto it = views_.find(spec.name); it != views_.end()) {
            TARN_RETURN_IF_ERROR(check_same(it->second.view->spec(), spec));
            return it->second.view;
        }
        TARN_TRY(auto id, next_id());
        char b[4];
        store_be<uint32_t>(b, id);
        auto record = std::string(b, 4) + encode_spec(spec);
        TARN_RETURN_IF_ERROR(failpoints_.hit("view.create.before"));
        TARN_RETURN_IF_ERROR(write([&](rocksdb::WriteBatch& batch) {
            batch.Put(slice(kLastIdKey), {b, 4});
            batch.Put(slice(kSpecPrefix + spec.name), slice(record));
        }));
        TARN_RETURN_IF_ERROR(failpoints_.hit("view.create.after"));
        TARN_RETURN_IF_ERROR(load_view(record));
        return views_.find(spec.name)->second.view;
    }

    std::vector<std::string> names() const override {
        MutexLock lock(mutex_);
        std::vector<std::string> out;
        for (const auto& [name, entry] : views_)
            out.push_back(name);
        return out;
    }

    std::shared_ptr<View> find(std::string_view name) const override {
        MutexLock lock(mutex_);
        auto it = views_.find(name);
        return it == views_.end() ? nullptr : it->second.view;
    }

    Status drop_view(std::string_view name) override {
        MutexLock lock(mutex_);
        auto it = views_.find(name);
        if (it == views_.end()) return fail(errors::kNoView, "no such view: " + std::string(name));
        auto id = it->second.id;
        auto from = id_key('\x04', id), to = id_key('\x04', id + 1), state = id_key('\x03', id);
        TARN_RETURN_IF_ERROR(write([&](rocksdb::WriteBatch& batch) {
            batch.Delete(slice(kSpecPrefix + std::string(name)));
            batch.Delete(slice(state));
            batch.DeleteRange(slice(from), slice(to));
        }));
        views_.erase(it);
        return {};
    }

    Status replace_view(std::string_view name, std::string_view from) override {
        MutexLock lock(mutex_);
        auto it = views_.find(from);
        if (it == views_.end()) return {};
        auto old = views_.find(name);
        auto spec = it->second.view->spec();
        spec.name = name;
        char b[4];
        store_be<uint32_t>(b, it->second.id);
        const auto record = std::string(b, 4) + encode_spec(spec);
        TARN_RETURN_IF_ERROR(failpoints_.hit("view.replace.before"));
        TARN_RETURN_IF_ERROR(write([&](rocksdb::WriteBatch& batch) {
            batch.Delete(slice(kSpecPrefix + std::string(from)));
            if (old != views_.end()) {
                auto id = old->second.id;
                auto first = id_key('\x04', id), last = id_key('\x04', id + 1);
                auto state = id_key('\x03', id);
                batch.Delete(slice(state));
                batch.DeleteRange(slice(first), slice(last));
            }
            batch.Put(slice(kSpecPrefix + spec.name), slice(record));
        }));
        TARN_RETURN_IF_ERROR(failpoints_.hit("view.replace.after"));
        views_.erase(std::string(from));
        views_.erase(spec.name);
        return load_view(record);
    }

  private:
    struct Entry {
        uint32_t id = 0;
        std::shared_ptr<RocksView> view;
    };

    template <class Fill>
    Status write(Fill&& fill) {
        rocksdb::WriteBatch batch;
        fill(batch);
        rocksdb::WriteOptions options;
        options.sync = true;
        return to_status(db_->Write(options, &batch), "cannot write the views");
    }

    Result<uint32_t> next_id() TARN_REQUIRES(mutex_) {
        std::string bytes;
        auto status = db_->Get({}, slice(kLastIdKey), &bytes);
        if (status.IsNotFound()) return 1u;
        TARN_RETURN_IF_ERROR(to_status(status, "cannot read the views"));
        ByteReader in(bytes);
        auto id = in.be<uint32_t>() + 1;
        TARN_RETURN_IF_ERROR(in.status("the views' last id"));
        return id;
    }

    Status load_view(std::string_view record) TARN_REQUIRES(mutex_) {
        ByteReader in(record);
        auto id = in.be<uint32_t>();
        TARN_RETURN_IF_ERROR(in.status("a view's description"));
        TARN_TRY(auto spec, decode_spec(record.substr(4)));
        TARN_TRY(auto codec, RowCodec::make(spec));
        auto name = spec.name;
        auto view =
            std::make_shared<RocksView>(std::move(spec), std::move(codec), id, db_, failpoints_);
        TARN_RETURN_IF_ERROR(view->load());
        views_[name] = {id, std::move(view)};
        return {};
    }

    const std::shared_ptr<rocksdb::DB> db_;
    io::Failpoints& failpoints_;
    mutable Mutex mutex_;
    std::map<std::string, Entry, std::less<>> views_ TARN_GUARDED_BY(mutex_);
};

}  // namespace

Result<std::unique_ptr<ViewStore>> open_rocks_store(RocksOptions options,
                                                    io::Failpoints& failpoints) {
    std::error_code error;
    std::filesystem::create_directories(options.folder, error);
    if (error)
        return fail(
            errno_error(error.value(), "cannot create the folder of views", options.folder));
    rocksdb::DB* raw = nullptr;
    auto status = rocksdb::DB::Open(database_options(options), options.folder, &raw);
    TARN_RETURN_IF_ERROR(to_status(status, "cannot open the views in " + options.folder));
    auto store = std::make_unique<RocksStore>(std::shared_ptr<rocksdb::DB>(raw), failpoints);
    TARN_RETURN_IF_ERROR(store->load());
    return std::unique_ptr<ViewStore>(std::move(store));
}

}  // namespace tarn::view
