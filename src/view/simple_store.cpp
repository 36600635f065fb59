// The simple store: rows in memory, every commit one record of the view's journal, the journal
// rewritten when it has grown. Deterministic, with no thread of its own: what simulations run on.
//
//   file    := "TARNVIEW" version u32 = 1 | record…          <folder>/<name>.view
//   record  := length u32 > 0 | crc32c u32 of the payload | payload
//   payload := 1 spec                                         (row_codec.h; the first record)
//            | 2 epoch time removed upserts                   a commit: keys removed, then keys
//                                                             and values set
//
// Little-endian; counts and lengths varints, epoch and time (µs) zigzag. A bad last record is a
// torn tail and cut: a commit is acknowledged after its sync. A bad record with another behind it
// is damage.

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "tarn/view/error_ids.h"
#include "view_base.h"

namespace tarn::view {
namespace {

constexpr std::string_view kMagic = "TARNVIEW";
constexpr uint32_t kVersion = 1;
constexpr size_t kHeaderSize = 12;
constexpr size_t kRewriteFloor = 64 << 10;  // a journal below this is never rewritten

using RowMap = std::map<std::string, std::string, std::less<>>;

std::string frame(std::string_view payload) {
    ByteWriter out;
    out.le<uint32_t>(payload.size());
    out.le<uint32_t>(crc32c(payload));
    out.raw(payload);
    return out.take();
}

std::string file_header() {
    ByteWriter out;
    out.raw(kMagic);
    out.le<uint32_t>(kVersion);
    return out.take();
}

std::string spec_record(const ViewSpec& spec) {
    return frame(std::string(1, '\x01') + encode_spec(spec));
}

std::string commit_payload(int64_t epoch, Timestamp time, const std::vector<std::string>& removed,
                           const std::vector<std::pair<std::string, std::string>>& upserts) {
    ByteWriter out;
    out.le<uint8_t>(2);
    out.zigzag(epoch);
    out.zigzag(time.us);
    out.varint(removed.size());
    for (const auto& key : removed)
        out.sized(key);
    out.varint(upserts.size());
    for (const auto& [key, value] : upserts) {
        out.sized(key);
        out.sized(value);
    }
    return out.take();
}

std::string escape_name(std::string_view name) {
    std::string out;
    for (char c : name) {
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '_' || c == '-' || (c == '.' && !out.empty());
        if (plain)
            out.push_back(c);
        else
            out += fmt::format("%{:02X}", uint8_t(c));
    }
    return out + ".view";
}

// What a journal says.
struct Replayed {
    ViewSpec spec;
    ViewState state;
    RowMap rows;
    uint64_t end = 0;  // of the last good record
};

Status apply_commit(ByteReader& in, Replayed& out) {
    out.state.epoch = in.zigzag();
    out.state.time.us = in.zigzag();
    for (auto n = in.varint(); n > 0 && in.ok(); --n) {
        if (auto it = out.rows.find(in.sized()); it != out.rows.end()) out.rows.erase(it);
    }
    for (auto n = in.varint(); n > 0 && in.ok(); --n) {
        std::string key(in.sized());
        out.rows[std::move(key)] = in.sized();
    }
    return in.status("a record of a view's journal");
}

Result<Replayed> replay(std::string_view bytes, const std::string& path) {
    if (bytes.size() < kHeaderSize || bytes.substr(0, kMagic.size()) != kMagic) {
        return fail(ErrorCode::kCorrupted, "not a view's journal: " + path);
    }
    if (auto version = load_le<uint32_t>(bytes.data() + kMagic.size()); version != kVersion) {
        return fail(ErrorCode::kUnsupported,
                    fmt::format("a view's journal has format version {}, this program reads "
                                "{}: {}",
                                version, kVersion, path));
    }
    Replayed out;
    bool has_spec = false;
    size_t at = kHeaderSize;
    while (bytes.size() - at >= 8) {
        auto length = load_le<uint32_t>(bytes.data() + at);
        if (length == 0 || length > bytes.size() - at - 8) break;  // torn
        auto payload = bytes.substr(at + 8, length);
        if (crc32c(payload) != load_le<uint32_t>(bytes.data() + at + 4)) {
            if (at + 8 + length < bytes.size()) {
                return fail(ErrorCode::kCorrupted,
                            fmt::format("a view's journal is damaged at byte {}: {}", at, path));
            }
            break;
        }
        ByteReader in(payload);
        auto kind = in.le<uint8_t>();
        if (kind == 1) {
            TARN_TRY(out.spec, decode_spec(payload.substr(1)));
            has_spec = true;
        } else if (kind == 2 && has_spec) {
            TARN_RETURN_IF_ERROR(apply_commit(in, out));
        } else {
            return fail(
                ErrorCode::kCorrupted,
                fmt::format("a view's journal has an unknown record at byte {}: {}", at, path));
        }
        at += 8 + length;
    }
    // The spec is written by an atomic replace, so it is never torn.
    if (!has_spec)
        return fail(ErrorCode::kCorrupted, "a view's journal has no description: " + path);
    out.end = at;
    return out;
}

class SimpleView final : public ViewBase {
  public:
    SimpleView(Replayed replayed, RowCodec codec, std::string path, io::FileSystem& fs,
               io::Failpoints& failpoints)
        : ViewBase(std::move(replayed.spec), std::move(codec)),
          path_(std::move(path)),
          fs_(fs),
          failpoints_(failpoints),
          rows_(std::move(replayed.rows)),
          state_(replayed.state),
          end_(replayed.end) {
        for (const auto& [key, value] : rows_)
            row_bytes_ += key.size() + value.size();
    }

    // Cuts what a crash left behind the last good record.
    Status open_file() {
        TARN_TRY(file_, fs_.open(path_, {.mode = io::OpenMode::kReadWrite}));
        TARN_TRY(auto size, file_->size());
        if (size > end_) {
            TARN_RETURN_IF_ERROR(file_->truncate(end_));
            TARN_RETURN_IF_ERROR(file_->sync());
        }
        return {};
    }

    Status commit(const ViewCommit& commit) override {
        {
            MutexLock lock(mutex_);
            if (commit.epoch <= state_.epoch) return {};
            TARN_RETURN_IF_ERROR(commit_locked(commit));
        }
        notify(commit);
        return {};
    }

    ViewState state() const override {
        MutexLock lock(mutex_);
        auto state = state_;
        state.rows = rows_.size();
        return state;
    }

    Result<std::shared_ptr<const codec::ColumnBatch>> scan(const ScanRange& range) const override {
        TARN_TRY(auto keys, key_range(codec_, range));
        RowCodec::Rows out(codec_);
        MutexLock lock(mutex_);
        auto first = rows_.lower_bound(keys.from);
        auto last = keys.to.empty() ? rows_.end() : rows_.lower_bound(keys.to);
        if (!keys.to.empty() && keys.to <= keys.from) last = first;
        if (range.newest_first) {
            while (last != first && out.count() < range.limit) {
                --last;
                TARN_RETURN_IF_ERROR(out.add(last->first, last->second));
            }
        } else {
            for (; first != last && out.count() < range.limit; ++first)
                TARN_RETURN_IF_ERROR(out.add(first->first, first->second));
        }
        return out.finish();
    }

    Result<std::shared_ptr<const codec::ColumnBatch>> get(
        const codec::ColumnBatch& keys) const override {
        TARN_TRY(auto indexes, codec_.key_columns_of(keys));
        RowCodec::Rows out(codec_);
        MutexLock lock(mutex_);
        std::string key;
        for (size_t row = 0; row < keys.row_count; ++row) {
            key.clear();
            codec_.append_key(keys, indexes, row, key);
            if (auto it = rows_.find(key); it != rows_.end())
                TARN_RETURN_IF_ERROR(out.add(it->first, it->second));
        }
        return out.finish();
    }

  private:
    Status commit_locked(const ViewCommit& commit) TARN_REQUIRES(mutex_) {
        if (!poison_.empty()) return fail(ErrorCode::kIo, poison_);
        std::vector<std::pair<std::string, std::string>> upserts;
        std::vector<std::string> removed;
        TARN_RETURN_IF_ERROR(encode(commit, upserts, removed));
        TARN_RETURN_IF_ERROR(failpoints_.hit("view.commit.before_write"));
        TARN_RETURN_IF_ERROR(
            append(frame(commit_payload(commit.epoch, commit.time, removed, upserts))));
        for (const auto& key : removed) {
            auto it = rows_.find(key);
            row_bytes_ -= it->first.size() + it->second.size();
            rows_.erase(it);
        }
        for (auto& [key, value] : upserts) {
            auto [it, added] = rows_.try_emplace(std::move(key));
            row_bytes_ += (added ? it->first.size() : 0) + value.size() - it->second.size();
            it->second = std::move(value);
        }
        state_.epoch = commit.epoch;
        state_.time = commit.time;
        if (end_ > kRewriteFloor && end_ > 4 * row_bytes_) rewrite();
        return {};
    }

    Status encode(const ViewCommit& commit,
                  std::vector<std::pair<std::string, std::string>>& upserts,
                  std::vector<std::string>& removed) TARN_REQUIRES(mutex_) {
        std::string bound;
        if (commit.remove_before) {
            if (!codec_.first_key_is_time()) {
                return fail(
                    ErrorCode::kInvalidArgument,
                    "rows are removed by time, but the first key column is none: " + spec_.name);
            }
            bound = RowCodec::key_from(*commit.remove_before);
            auto last = rows_.lower_bound(bound);
            for (auto it = rows_.lower_bound(RowCodec::first_not_null()); it != last; ++it)
                removed.push_back(it->first);
        }
        if (!commit.upserts) return {};
        TARN_RETURN_IF_ERROR(codec_.check_schema(*commit.upserts));
        for (size_t row = 0; row < commit.upserts->row_count; ++row) {
            std::string key, value;
            codec_.append_key(*commit.upserts, row, key);
            if (!bound.empty() && key >= RowCodec::first_not_null() && key < bound) continue;
            codec_.append_value(*commit.upserts, row, value);
            upserts.emplace_back(std::move(key), std::move(value));
        }
        return {};
    }

    Status append(const std::string& record) TARN_REQUIRES(mutex_) {
        if (dirty_tail_) {
            TARN_RETURN_IF_ERROR(file_->truncate(end_));
            dirty_tail_ = false;
        }
        dirty_tail_ = true;
        TARN_RETURN_IF_ERROR(file_->write_at(end_, record));
        auto synced = failpoints_.hit("view.commit.before_sync");
        if (synced) synced = file_->sync();
        if (!synced) {
            poison_ =
                "a view's journal could not be synced, so it takes no more writes until a "
                "restart: " +
                path_ + ": " + synced.error().message();
            return synced;
        }
        end_ += record.size();
        dirty_tail_ = false;
        auto after = failpoints_.hit("view.commit.after_sync");
        if (!after) poison_ = after.error().message();
        return after;
    }

    // The rows as they are, as one commit. A rewrite that fails leaves the old journal or the new
    // one: the file is opened anew, and what cannot be opened takes no more writes.
    void rewrite() TARN_REQUIRES(mutex_) {
        auto bytes = file_header() + spec_record(spec_);
        std::vector<std::pair<std::string, std::string>> all(rows_.begin(), rows_.end());
        bytes += frame(commit_payload(state_.epoch, state_.time, {}, all));
        auto done = failpoints_.hit("view.rewrite.before");
        if (done) done = fs_.replace(path_, bytes);
        if (done) done = failpoints_.hit("view.rewrite.after");
        if (done) {
            auto file = fs_.open(path_, {.mode = io::OpenMode::kReadWrite});
            if (file) {
                file_ = std::move(*file);
                end_ = bytes.size();
                return;
            }
            done = fail(file.error());
        }
        if (done.error().code() == ErrorCode::kResourceExhausted)
            return;  // the old journal serves on
        poison_ =
            "a view's journal could not be rewritten, so it takes no more writes until a "
            "restart: " +
            path_ + ": " + done.error().message();
    }

    const std::string path_;
    io::FileSystem& fs_;
    io::Failpoints& failpoints_;
    mutable Mutex mutex_;
    RowMap rows_ TARN_GUARDED_BY(mutex_);
    ViewState state_ TARN_GUARDED_BY(mutex_);
    uint64_t row_bytes_ TARN_GUARDED_BY(mutex_) = 0;
    uint64_t end_ TARN_GUARDED_BY(mutex_);
    bool dirty_tail_ TARN_GUARDED_BY(mutex_) = false;
    std::string poison_ TARN_GUARDED_BY(mutex_);
    std::unique_ptr<io::File> file_;
};

class SimpleStore final : public ViewStore {
  public:
    SimpleStore(std::string folder, io::FileSystem& fs, io::Failpoints& failpoints)
        : folder_(std::move(folder)), fs_(fs), failpoints_(failpoints) {}

    Status load() {
        TARN_RETURN_IF_ERROR(fs_.create_folders(folder_));
        TARN_TRY(auto files, fs_.list(folder_));
        for (const auto& file : files)
            if (!file.folder && file.name.ends_with(".view"))
                TARN_RETURN_IF_ERROR(load_view(folder_ + "/" + file.name));
        return {};
    }

    Result<std::shared_ptr<View>> open_view(const ViewSpec& spec) override {
        TARN_RETURN_IF_ERROR(RowCodec::make(spec));
        MutexLock lock(mutex_);
        if (auto it = views_.find(spec.name); it != views_.end()) {
            TARN_RETURN_IF_ERROR(check_same(it->second->spec(), spec));
            return it->second;
        }
        auto path = folder_ + "/" + escape_name(spec.name);
        TARN_RETURN_IF_ERROR(failpoints_.hit("view.create.before"));
        TARN_RETURN_IF_ERROR(fs_.replace(path, file_header() + spec_record(spec)));
        TARN_RETURN_IF_ERROR(failpoints_.hit("view.create.after"));
        TARN_RETURN_IF_ERROR(load_view_locked(path));
        return views_.find(spec.name)->second;
    }

    std::vector<std::string> names() const override {
        MutexLock lock(mutex_);
        std::vector<std::string> out;
        for (const auto& [name, view] : views_)
            out.push_back(name);
        return out;
    }

    std::shared_ptr<View> find(std::string_view name) const override {
        MutexLock lock(mutex_);
        auto it = views_.find(name);
        return it == views_.end() ? nullptr : it->second;
    }

    Status drop_view(std::string_view name) override {
        MutexLock lock(mutex_);
        auto it = views_.find(name);
        if (it == views_.end()) return fail(errors::kNoView, "no such view: " + std::string(name));
        TARN_RETURN_IF_ERROR(fs_.remove(folder_ + "/" + escape_name(name)));
        TARN_RETURN_IF_ERROR(fs_.sync_folder(folder_));
        views_.erase(it);
        return {};
    }

    // The new one is written whole under the name, which replaces the old one's file.
    Status replace_view(std::string_view name, std::string_view from) override {
        MutexLock lock(mutex_);
        auto it = views_.find(from);
        if (it == views_.end()) return {};
        auto spec = it->second->spec();
        spec.name = name;
        const auto source = folder_ + "/" + escape_name(from);
        TARN_TRY(auto bytes, fs_.read_all(source));
        TARN_RETURN_IF_ERROR(failpoints_.hit("view.replace.before"));
        TARN_TRY(auto replayed, replay(bytes, source));
        std::vector<std::pair<std::string, std::string>> all(replayed.rows.begin(),
                                                             replayed.rows.end());
        auto copy = file_header() + spec_record(spec);
        if (replayed.state.epoch >= 0)
            copy += frame(commit_payload(replayed.state.epoch, replayed.state.time, {}, all));
        TARN_RETURN_IF_ERROR(fs_.replace(folder_ + "/" + escape_name(name), copy));
        TARN_RETURN_IF_ERROR(failpoints_.hit("view.replace.after"));
        views_.erase(it);
        if (auto old = views_.find(name); old != views_.end()) views_.erase(old);
        TARN_RETURN_IF_ERROR(load_view_locked(folder_ + "/" + escape_name(name)));
        TARN_RETURN_IF_ERROR(fs_.remove(source));
        return fs_.sync_folder(folder_);
    }

  private:
    Status load_view(const std::string& path) {
        MutexLock lock(mutex_);
        return load_view_locked(path);
    }
    Status load_view_locked(const std::string& path) TARN_REQUIRES(mutex_) {
        TARN_TRY(auto bytes, fs_.read_all(path));
        TARN_TRY(auto replayed, replay(bytes, path));
        TARN_TRY(auto codec, RowCodec::make(replayed.spec));
        auto name = replayed.spec.name;
        auto view = std::make_shared<SimpleView>(std::move(replayed), std::move(codec), path, fs_,
                                                 failpoints_);
        TARN_RETURN_IF_ERROR(view->open_file());
        views_[name] = std::move(view);
        return {};
    }

    const std::string folder_;
    io::FileSystem& fs_;
    io::Failpoints& failpoints_;
    mutable Mutex mutex_;
    std::map<std::string, std::shared_ptr<SimpleView>, std::less<>> views_ TARN_GUARDED_BY(mutex_);
};

}  // namespace

Result<std::unique_ptr<ViewStore>> open_simple_store(std::string folder, io::FileSystem& fs,
                                                     io::Failpoints& failpoints) {
    auto store = std::make_unique<SimpleStore>(std::move(folder), fs, failpoints);
    TARN_RETURN_IF_ERROR(store->load());
    return std::unique_ptr<ViewStore>(std::move(store));
}

}  // namespace tarn::view
