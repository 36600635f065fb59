// CLONE: a new table with the files of a version of another, by reference or as copies.

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "table_files.h"
#include "tarn/delta/deletion_vector.h"
#include "tarn/delta/paths.h"
#include "tarn/delta/protocol_gate.h"
#include "tarn/lake/error_ids.h"
#include "tarn/lake/maintain.h"

namespace tarn::lake {
namespace {

constexpr size_t kCopyBytes = 1 << 20;  // at a time
// Of the source's own history.
constexpr std::string_view kNotCloned[] = {"delta.inCommitTimestampEnablementVersion",
                                           "delta.inCommitTimestampEnablementTimestamp",
                                           kReplacedAt};

class Clone {
  public:
    Clone(Lake::Impl& lake, Entry& from, Entry& to, const CloneRequest& request)
        : lake_(lake), from_(from), to_(to), request_(request), fs_(lake.context.fs) {}

    Result<CloneOutcome> run() TARN_REQUIRES(to_.appending) {
        TARN_TRY([[maybe_unused]] auto newest, lake_.snapshot(request_.source));
        TARN_TRY(source_, version_of(from_, request_.of));
        TARN_RETURN_IF_ERROR(delta::check_writable(source_->protocol, *source_->metadata));
        auto there = to_.table.refresh();
        if (there) return fail(ErrorCode::kAlreadyExists, "there is a table " + request_.target);
        if (there.error().code() != ErrorCode::kNotFound) return fail(std::move(there).error());
        TARN_RETURN_IF_ERROR(lake_.check_new_name(request_.target));
        delta::CommitRequest commit;
        commit.time = lake_.context.clock.now();
        commit.protocol = source_->protocol;
        set_metadata(commit);
        for (const auto& [name, domain] : *source_->domains)
            commit.domains.push_back(domain);
        TARN_RETURN_IF_ERROR(take_files(commit));
        outcome_.source_version = source_->version;
        outcome_.files = commit.adds.size();
        outcome_.bytes = source_->bytes;
        commit.info = info();
        TARN_RETURN_IF_ERROR(lake_.context.failpoints.hit("lake.before_create"));
        TARN_TRY(auto made, to_.table.create(std::move(commit)));
        TARN_RETURN_IF_ERROR(lake_.context.failpoints.hit("lake.after_create"));
        outcome_.version = made.version;
        return outcome_;
    }

  private:
    void set_metadata(delta::CommitRequest& commit) const {
        auto& metadata = commit.metadata.emplace(*source_->metadata);
        metadata.id = lake_.new_uuid().str();
        metadata.name = request_.target;
        metadata.created_ms = commit.time.ms();
        std::erase_if(metadata.configuration, [](const auto& one) {
            return std::ranges::find(kNotCloned, one.first) != std::end(kNotCloned);
        });
    }

    Status take_files(delta::CommitRequest& commit) {
        delta::DeletionVectorFile vectors(lake_.new_uuid());
        for (const auto& file : source_->files.all()) {
            TARN_RETURN_IF_ERROR(lake_.not_stopped());
            auto& add = commit.adds.emplace_back(*file);
            add.data_change = true;
            TARN_RETURN_IF_ERROR(request_.deep ? copy(add, vectors) : refer(add));
        }
        TARN_RETURN_IF_ERROR(vectors.write(fs_, to_.table.root()));
        return {};
    }

    std::string address_of(const std::string& canonical) const {
        return "file://" +
               delta::percent_encode(absolute_path(delta::disk_path(canonical, source_->root)));
    }
    Status refer(delta::AddFile& add) const {
        auto path = delta::canonical_path(add.path, source_->root);
        if (!fs_.exists(delta::disk_path(path, source_->root)))
            return fail(ErrorCode::kNotFound, "a file of the source is gone: " + path);
        add.path = address_of(path);
        if (!add.deletion_vector || add.deletion_vector->storage == 'i') return {};
        TARN_TRY(path, vector_file(*add.deletion_vector, source_->root));
        auto vector = *add.deletion_vector;
        vector.storage = 'p';
        vector.path_or_inline = address_of(path);
        add.deletion_vector = std::make_shared<const delta::DeletionVector>(std::move(vector));
        return {};
    }

    // Under a name of its own: what the source refers to elsewhere may have names that are taken.
    Status copy(delta::AddFile& add, delta::DeletionVectorFile& vectors) {
        const auto path = delta::canonical_path(add.path, source_->root);
        auto folder = path.starts_with('/') || path.find('/') == path.npos
                          ? std::string()
                          : io::parent_path(path) + "/";
        const auto name = fmt::format("{}part-{}.zstd.parquet", folder, lake_.new_uuid().str());
        TARN_RETURN_IF_ERROR(lake_.context.failpoints.hit("lake.before_data"));
        TARN_RETURN_IF_ERROR(
            copy_file(delta::disk_path(path, source_->root), to_.table.root() + "/" + name));
        add.path = delta::percent_encode(name);
        if (!add.deletion_vector) return {};
        TARN_TRY(const auto rows,
                 delta::read_deletion_vector(fs_, source_->root, *add.deletion_vector));
        add.deletion_vector = std::make_shared<const delta::DeletionVector>(vectors.add(rows));
        return {};
    }
    Status copy_file(const std::string& from, const std::string& to) {
        TARN_TRY(auto source, fs_.open(from, {io::OpenMode::kRead}));
        TARN_RETURN_IF_ERROR(fs_.create_folders(io::parent_path(to)));
        TARN_TRY(auto target, fs_.open(to, {io::OpenMode::kCreateNew}));
        std::string buffer(kCopyBytes, '\0');
        for (uint64_t at = 0;;) {
            TARN_TRY(const auto got, source->read_at(at, buffer.data(), buffer.size()));
            if (got == 0) break;
            TARN_RETURN_IF_ERROR(target->write_at(at, {buffer.data(), got}));
            at += got;
        }
        TARN_RETURN_IF_ERROR(target->sync());
        return fs_.sync_folder(io::parent_path(to));
    }

    delta::CommitInfo info() const {
        delta::CommitInfo out;
        out.operation = "CLONE";
        out.parameters = {{"source", request_.source},
                          {"sourceVersion", std::to_string(source_->version)},
                          {"isShallow", request_.deep ? "false" : "true"}};
        const auto bytes = std::to_string(source_->bytes);
        const auto files = std::to_string(source_->files.size());
        out.metrics = {{"sourceTableSize", bytes},
                       {"sourceNumOfFiles", files},
                       {"numRemovedFiles", "0"},
                       {"removedFilesSize", "0"},
                       {"numCopiedFiles", request_.deep ? files : "0"},
                       {"copiedFilesSize", request_.deep ? bytes : "0"}};
        out.engine = kEngine;
        out.txn_id = lake_.new_uuid().str();
        out.blind_append = false;
        return out;
    }

    Lake::Impl& lake_;
    Entry& from_;
    Entry& to_;
    const CloneRequest& request_;
    io::FileSystem& fs_;
    std::shared_ptr<const delta::Snapshot> source_;
    CloneOutcome outcome_;
};

}  // namespace

Result<std::optional<CloneOf>> Lake::clone_of(std::string_view table) {
    TARN_TRY(const auto snapshot, impl_->snapshot(table));
    CloneOf out;
    out.made = Timestamp::from_ms(snapshot->metadata->created_ms.value_or(snapshot->commit_ms));
    auto first = delta::read_commit(impl_->context.fs, snapshot->root + "/_delta_log", 0);
    if (first) {
        for (const auto& action : *first) {
            const auto* info = std::get_if<delta::CommitInfo>(&action);
            if (!info || info->operation != "CLONE") continue;
            for (const auto& [key, value] : info->parameters) {
                if (key == "source") out.source = value;
                if (key == "sourceVersion")
                    std::from_chars(value.data(), value.data() + value.size(), out.source_version);
                if (key == "isShallow") out.shallow = value == "true";
            }
            if (info->timestamp_ms) out.made = Timestamp::from_ms(*info->timestamp_ms);
            return out;
        }
        return std::nullopt;
    }
    if (first.error().code() != ErrorCode::kNotFound) return fail(std::move(first).error());
    const auto root = absolute_path(snapshot->root) + "/";
    snapshot->files.each([&](const auto& file) {
        const auto path = delta::canonical_path(file->path, snapshot->root);
        out.shallow = out.shallow || (path.starts_with('/') && !path.starts_with(root));
    });
    return out.shallow ? std::optional(out) : std::nullopt;
}

Result<CloneOutcome> Lake::clone(const CloneRequest& request) {
    if (request.source == request.target)
        return fail(ErrorCode::kInvalidArgument, "a clone needs a name of its own");
    TARN_TRY(auto from, impl_->entry(request.source));
    TARN_TRY(auto to, impl_->entry(request.target));
    MutexLock source(from->maintaining);  // no vacuum of it meanwhile
    MutexLock target(to->appending);
    auto made = Clone(*impl_, *from, *to, request).run();
    if (made) impl_->tell(request.target);
    return made;
}

}  // namespace tarn::lake
