// Tables that were dropped and can be brought back for a while. One rename takes a table out of
// sight, and one brings it back, so that a crash leaves it whole at one of both places.
//
// In the lake's root:
//   dropped := ".dropped/" entry "/" schema "/" table     the table's folder as it was
//   entry   := dropped_ms "-" goes_ms "-" uuid            milliseconds since 1970; the drop's id
//   trash   := ".dropped-" uuid                           nobody's any more: goes at the next start

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "table_files.h"
#include "tarn/base/names.h"
#include "tarn/delta/error_ids.h"
#include "tarn/lake/error_ids.h"

namespace tarn::errors {
extern const ErrorId kTableFilesGone;
extern const ErrorId kNotDropped;
extern const ErrorId kUndropNameTaken;
}  // namespace tarn::errors

namespace tarn::lake {
namespace {

constexpr std::string_view kTrash = ".dropped-", kKept = ".dropped";
constexpr int kMostDepth = 64;  // of folders

// Bytes of all files below a folder, links among them once each.
uint64_t bytes_below(io::FileSystem& fs, const std::string& folder, int depth = 0) {
    uint64_t out = 0;
    const auto files = fs.list(folder);
    if (!files || depth > kMostDepth) return 0;
    for (const auto& file : *files)
        out += file.folder ? bytes_below(fs, folder + "/" + file.name, depth + 1) : file.size;
    return out;
}

// "dropped_ms-goes_ms-uuid".
std::optional<DroppedTable> parse_entry(std::string_view name) {
    DroppedTable out;
    int64_t dropped_ms = 0, goes_ms = 0;
    const auto* end = name.data() + name.size();
    auto at = std::from_chars(name.data(), end, dropped_ms);
    if (at.ec != std::errc() || at.ptr == end || *at.ptr != '-') return std::nullopt;
    at = std::from_chars(at.ptr + 1, end, goes_ms);
    if (at.ec != std::errc() || at.ptr == end || *at.ptr != '-') return std::nullopt;
    const auto id = Uuid::parse(std::string_view(at.ptr + 1, size_t(end - at.ptr - 1)));
    if (!id) return std::nullopt;
    out.id = *id;
    out.dropped = Timestamp::from_ms(dropped_ms);
    out.goes = Timestamp::from_ms(goes_ms);
    return out;
}

std::string entry_name(const DroppedTable& table) {
    return fmt::format("{}-{}-{}", table.dropped.ms(), table.goes.ms(), table.id.str());
}

}  // namespace

std::string Lake::Impl::path_of(const DroppedTable& table) const {
    const auto dot = table.name.find('.');
    return fmt::format("{}/{}/{}/{}/{}", root, kKept, entry_name(table), table.name.substr(0, dot),
                       table.name.substr(dot + 1));
}

// Newest first. Entries without a table are what a crash or a way back has left.
std::vector<DroppedTable> Lake::Impl::dropped_tables() {
    std::vector<DroppedTable> out;
    auto& fs = context.fs;
    const auto folder = fmt::format("{}/{}", root, kKept);
    const auto entries_there = fs.list(folder);
    if (!entries_there) return out;
    for (const auto& entry : *entries_there) {
        auto table = parse_entry(entry.name);
        const auto schemas = fs.list(folder + "/" + entry.name);
        if (!table || !schemas) continue;
        for (const auto& schema : *schemas) {
            const auto names = fs.list(folder + "/" + entry.name + "/" + schema.name);
            if (!names || !schema.folder) continue;
            for (const auto& name : *names) {
                table->name = schema.name + "." + name.name;
                if (name.folder && is_table_name(table->name)) out.push_back(*table);
            }
        }
    }
    std::ranges::stable_sort(out,
                             [](const auto& a, const auto& b) { return a.dropped > b.dropped; });
    return out;
}

Status Lake::Impl::remove_folder(const std::string& path) {
    const auto trash = fmt::format("{}/{}{}", root, kTrash, new_uuid().str());
    TARN_RETURN_IF_ERROR(context.failpoints.hit("lake.before_purge"));
    TARN_RETURN_IF_ERROR(context.fs.rename(path, trash));
    TARN_RETURN_IF_ERROR(context.fs.sync_folder(root));
    TARN_RETURN_IF_ERROR(context.failpoints.hit("lake.after_purge"));
    return context.fs.remove_tree(trash);
}

Status Lake::Impl::purge(const DroppedTable& table) {
    return remove_folder(fmt::format("{}/{}/{}", root, kKept, entry_name(table)));
}

Status Lake::Impl::drop(Lake& lake, std::string_view name, Duration keep) {
    TARN_TRY(auto entry, this->entry(name));
    MutexLock care(entry->maintaining);  // nobody clones it meanwhile
    MutexLock lock(entry->appending);
    const auto path = path_of(name);
    auto& fs = context.fs;
    if (!fs.exists(path + "/_delta_log"))
        return fail(errors::kNoTable, "no table " + std::string(name));
    if (auto other = table_that_refers(lake, *this, name); !other.empty())
        return fail(ErrorCode::kFailedPrecondition,
                    fmt::format("table {} stays: its shallow clone {} has its files. Drop that one "
                                "first",
                                name, other));
    finish_commits();  // none comes to another table of its name
    TARN_RETURN_IF_ERROR(context.failpoints.hit("lake.before_drop"));
    auto forget = [&] {
        MutexLock map(mutex);
        entries.erase(std::string(name));
    };
    if (keep.us <= 0) {
        if (auto other = dropped_that_refers(name); !other.empty())
            return fail(ErrorCode::kFailedPrecondition,
                        fmt::format("table {} stays: {}, a shallow clone of it that was dropped "
                                    "and can be brought back, has its files. That one goes first: "
                                    "`tarn table drop {} --purge --yes`",
                                    name, other, other));
        TARN_RETURN_IF_ERROR(remove_folder(path));
        forget();
        return context.failpoints.hit("lake.after_drop");
    }
    DroppedTable kept;
    kept.name = name;
    kept.id = new_uuid();
    kept.dropped = Timestamp::from_ms(context.clock.now().ms());
    kept.goes = Timestamp{kept.dropped.us + keep.us};
    const auto to = path_of(kept);
    {
        MutexLock moves(moving);
        TARN_RETURN_IF_ERROR(fs.create_folders(io::parent_path(to)));
        TARN_RETURN_IF_ERROR(fs.rename(path, to));
        TARN_RETURN_IF_ERROR(fs.sync_folder(io::parent_path(to)));
        TARN_RETURN_IF_ERROR(fs.sync_folder(io::parent_path(path)));
        forget();
    }
    return context.failpoints.hit("lake.after_drop");
}

Status Lake::drop_table(std::string_view name) {
    return impl_->drop(*this, name, impl_->context.keep_dropped);
}

Status Lake::purge_table(std::string_view name) {
    auto gone = impl_->drop(*this, name, Duration{});
    if (gone || gone.error().id() != errors::kNoTable) return gone;
    bool any = false;
    for (const auto& table : impl_->dropped_tables()) {
        if (table.name != name) continue;
        TARN_RETURN_IF_ERROR(impl_->purge(table));
        any = true;
    }
    return any ? Status() : gone;
}

std::vector<DroppedTable> Lake::dropped() {
    auto out = impl_->dropped_tables();
    for (auto& table : out)
        table.bytes = bytes_below(impl_->context.fs, impl_->path_of(table));
    return out;
}

Result<std::vector<DroppedTable>> Lake::purge_dropped() {
    std::vector<DroppedTable> out;
    const auto now = impl_->context.clock.now();
    auto there = impl_->dropped_tables();
    std::erase_if(there, [&](const auto& table) { return table.goes > now; });
    for (auto& table : there) {
        table.bytes = bytes_below(impl_->context.fs, impl_->path_of(table));
        TARN_RETURN_IF_ERROR(impl_->purge(table));
        out.push_back(std::move(table));
    }
    return out;
}

Status Lake::remove_dropped() {
    auto& fs = impl_->context.fs;
    TARN_TRY(auto files, fs.list(impl_->root));
    for (const auto& file : files)
        if (file.folder && file.name.starts_with(kTrash))
            TARN_RETURN_IF_ERROR(fs.remove_tree(impl_->root + "/" + file.name));
    // Entries that hold no table.
    const auto kept = fmt::format("{}/{}", impl_->root, kKept);
    const auto there = impl_->dropped_tables();
    const auto entries = fs.list(kept);
    if (!entries) return {};
    for (const auto& entry : *entries)
        if (parse_entry(entry.name) && std::ranges::none_of(there, [&](const auto& table) {
                return entry_name(table) == entry.name;
            }))
            TARN_RETURN_IF_ERROR(fs.remove_tree(kept + "/" + entry.name));
    return {};
}

std::string Lake::Impl::dropped_that_refers(std::string_view name) {
    const auto folder = absolute_path(path_of(name)) + "/";
    for (const auto& table : dropped_tables()) {
        delta::Table other(context.fs, path_of(table), checkpoints.get());
        const auto snapshot = other.refresh();
        if (snapshot && refers_into(**snapshot, folder)) return table.name;
    }
    return {};
}

// What of its files lies outside of it must be there: those of a shallow clone.
static Status check_files_outside(io::FileSystem& fs, const delta::Snapshot& snapshot,
                                  std::string_view name) {
    std::string gone;
    snapshot.files.each([&](const auto& file) {
        if (!gone.empty()) return;
        const auto path = delta::canonical_path(file->path, snapshot.root);
        if (path.starts_with('/') && !fs.exists(path)) gone = path;
    });
    if (gone.empty()) return {};
    return fail(errors::kTableFilesGone,
                fmt::format("table {} is a shallow clone, and a file of its source is gone: {}. If "
                            "the source was dropped too, bring that back first",
                            name, gone));
}

Result<DroppedTable> Lake::undrop_table(const UndropRequest& request) {
    auto& fs = impl_->context.fs;
    const auto name = request.as.empty() ? request.table : request.as;
    TARN_TRY(auto entry, impl_->entry(name));
    MutexLock care(entry->maintaining);
    MutexLock lock(entry->appending);
    MutexLock moves(impl_->moving);
    const auto there = impl_->dropped_tables();
    const auto found = std::ranges::find_if(there, [&](const auto& table) {
        return table.name == request.table && (!request.id || table.id == *request.id);
    });
    const auto path = impl_->path_of(name);
    const bool taken = fs.exists(path + "/_delta_log");
    if (found == there.end())
        return fail(
            errors::kNotDropped,
            fmt::format("no table {} was dropped that can still be brought back{}", request.table,
                        taken && name == request.table ? ": there is one of this name" : ""));
    if (taken)
        return fail(errors::kUndropNameTaken,
                    fmt::format("there is a table {} meanwhile: bring the dropped one back under "
                                "another name, UNDROP TABLE {} AS schema.name",
                                name, request.table));
    TARN_RETURN_IF_ERROR(impl_->check_new_name(name));
    const auto from = impl_->path_of(*found);
    delta::Table table(fs, from, impl_->checkpoints.get());
    // One that cannot be read comes back all the same: `tarn table repair` looks after it there.
    if (auto snapshot = table.refresh())
        TARN_RETURN_IF_ERROR(check_files_outside(fs, **snapshot, request.table));
    auto out = *found;
    TARN_RETURN_IF_ERROR(impl_->context.failpoints.hit("lake.before_undrop"));
    // Files of a statement that the drop has overtaken may lie there: they are in no version.
    if (fs.exists(path)) TARN_RETURN_IF_ERROR(impl_->remove_folder(path));
    TARN_RETURN_IF_ERROR(fs.create_folders(io::parent_path(path)));
    TARN_RETURN_IF_ERROR(fs.rename(from, path));
    TARN_RETURN_IF_ERROR(fs.sync_folder(io::parent_path(path)));
    TARN_RETURN_IF_ERROR(fs.sync_folder(io::parent_path(from)));
    {
        MutexLock map(impl_->mutex);
        impl_->entries.erase(name);
    }
    TARN_RETURN_IF_ERROR(impl_->context.failpoints.hit("lake.after_undrop"));
    (void)fs.remove(io::parent_path(from));
    (void)fs.remove(io::parent_path(io::parent_path(from)));
    impl_->tell(name);
    return out;
}

}  // namespace tarn::lake
