#include "file_bins.h"

#include <algorithm>

#include <fmt/format.h>

#include "row_change.h"
#include "tarn/base/settings.h"
#include "tarn/delta/deletion_vector.h"
#include "tarn/delta/paths.h"
#include "tarn/sql/quote.h"

namespace tarn::lake {

using sql::quoted_name;

namespace {

constexpr int kRanges = 256, kRankBits = 8;
constexpr int kSampleRows = 20'000;
constexpr double kLargeEnough = 0.75;

// Small neighbours are put together as long as they fit.
void pack(const FileList& files, const PartitionKey& partition, int64_t target, int min_files,
          std::vector<FileBin>& to) {
    FileBin bin{.partition = partition};
    auto close = [&] {
        const bool purges = std::ranges::any_of(
            bin.sources, [](const auto& file) { return has_many_deleted(*file); });
        if (purges || int(bin.sources.size()) >= std::max(2, min_files))
            to.push_back(std::move(bin));
        bin = FileBin{.partition = partition};
    };
    for (const auto& file : files) {
        if (!is_small(*file, target) && !has_many_deleted(*file)) continue;
        if (!bin.sources.empty() && bin.bytes + file->size > target) close();
        bin.sources.push_back(file);
        bin.bytes += file->size;
    }
    close();
}

std::string name_list(const std::vector<std::string>& names) {
    std::string out;
    for (const auto& name : names)
        out += (out.empty() ? "" : ", ") + quoted_name(name);
    return out;
}

// A column, or a field of one, of this alias.
std::string value_of(const char* alias, const delta::FieldPath& path) {
    std::string out = alias;
    for (const auto& name : path)
        out += "." + quoted_name(name);
    return out;
}

}  // namespace

int64_t target_bytes_of(const delta::Snapshot& table) {
    if (const auto* text = table.property("delta.targetFileSize"))
        if (auto bytes = parse_bytes(*text); bytes && *bytes > 0) return *bytes;
    return kTargetFileBytes;
}

bool has_many_deleted(const delta::AddFile& file) {
    if (!file.deletion_vector) return false;
    return file.records < 0 ||
           double(file.deletion_vector->cardinality) > double(file.records) * kMostDeleted;
}

bool is_small(const delta::AddFile& file, int64_t target_bytes) {
    return double(file.size) < double(target_bytes) * kLargeEnough;
}

Result<std::set<PartitionKey>> partitions_where(sql::Session& session,
                                                const std::shared_ptr<const delta::Snapshot>& table,
                                                const std::string& where) {
    const auto& columns = table->metadata->partition_columns;
    if (columns.empty())
        return fail(ErrorCode::kInvalidArgument,
                    "the table has no partitions that a condition could choose");
    // Values are the same in all files of a partition: the one with most rows is looked at.
    std::map<PartitionKey, std::shared_ptr<const delta::AddFile>> first;
    table->files.each([&](const auto& file) {
        auto& slot = first[partition_of(*table, *file)];
        if (!slot || slot->live_rows() < file->live_rows()) slot = file;
    });
    sql::DeltaFiles files{table, {}};
    std::map<std::string, PartitionKey, std::less<>> by_name;
    for (const auto& [key, file] : first) {
        files.files.push_back(file);
        by_name.emplace(scan_name(*file, *table), key);
    }
    sql::GivenFiles given(session, std::move(files));
    std::set<PartitionKey> out;
    TARN_RETURN_IF_ERROR(each_pair(
        session,
        fmt::format("SELECT DISTINCT \"tarn file\", 1 FROM (SELECT {}, \"tarn file\" FROM {}) "
                    "WHERE ({})",
                    name_list(columns), given.text(), where),
        [&](std::string_view name, int64_t) -> Status {
            if (auto at = by_name.find(name); at != by_name.end()) out.insert(at->second);
            return {};
        }));
    return out;
}

std::vector<FileBin> plan_bins(const delta::Snapshot& table, const OptimizeRequest& request,
                               int64_t target_bytes, const std::set<PartitionKey>* only) {
    std::map<PartitionKey, FileList> partitions;
    table.files.each([&](const auto& file) {
        auto key = partition_of(table, *file);
        if (!only || only->contains(key)) partitions[std::move(key)].push_back(file);
    });
    std::vector<FileBin> out;
    for (auto& [key, files] : partitions) {
        if (request.order_by.empty()) {
            pack(files, key, target_bytes, request.min_files, out);
            continue;
        }
        FileBin bin{.partition = key, .ordered = true};
        for (const auto& file : files)
            bin.bytes += file->size;
        bin.sources = std::move(files);
        out.push_back(std::move(bin));
    }
    return out;
}

Status check_order(const delta::Snapshot& table, const std::vector<std::string>& columns) {
    auto wrong = [](std::string what) { return fail(ErrorCode::kInvalidArgument, what); };
    if (columns.size() > kMostOrderColumns)
        return wrong(fmt::format("a Z-order goes by at most {} columns", kMostOrderColumns));
    const auto& partitions = table.metadata->partition_columns;
    for (const auto& name : columns) {
        const auto* field = table.schema->find(name);
        if (!field) return wrong("the table has no column " + name);
        if (std::ranges::find(partitions, name) != partitions.end())
            return wrong("the table is partitioned by " + name +
                         ": its files have one value of it");
        if (!field->type.fields.empty() || field->type.kind == delta::TypeKind::kVoid ||
            field->type.kind == delta::TypeKind::kVariant)
            return wrong(fmt::format("rows have no order by {}, which is {}", name,
                                     delta::type_name(field->type)));
        if (std::ranges::count(columns, name) > 1)
            return wrong("column " + name + " is named twice");
    }
    return {};
}

Result<std::string> order_rows(sql::Session& session, const std::string& rows,
                               const delta::Snapshot& table,
                               const std::vector<delta::FieldPath>& columns,
                               const std::string& ids) {
    std::string sampled, last;
    for (size_t c = 0; c < columns.size(); ++c) {
        sampled += fmt::format("{}{} AS tarn_v{}", c ? ", " : "", value_of("t", columns[c]), c);
        last += (c ? ", " : "") + value_of("o", columns[c]);
    }
    TARN_RETURN_IF_ERROR(session.execute(fmt::format(
        "CREATE OR REPLACE TEMP TABLE tarn_sample AS SELECT {} FROM {} t USING SAMPLE reservoir({} "
        "ROWS) REPEATABLE (1)",
        sampled, rows, kSampleRows)));
    std::string parts;
    for (int i = 1; i < kRanges; ++i)
        parts += fmt::format("{}{}", i > 1 ? ", " : "", double(i) / kRanges);
    std::string ranks, joins, value;
    for (size_t c = 0; c < columns.size(); ++c) {
        TARN_RETURN_IF_ERROR(session.execute(fmt::format(
            "CREATE OR REPLACE TEMP TABLE tarn_ranges{0} AS SELECT v, row_number() OVER (ORDER BY "
            "v) AS n FROM (SELECT DISTINCT v FROM (SELECT unnest(quantile_disc(tarn_v{0}, [{1}])) "
            "AS v "
            "FROM tarn_sample) WHERE v IS NOT NULL)",
            c, parts)));
        ranks += fmt::format(", coalesce(r{0}.n, 0) AS tarn_k{0}", c);
        joins += fmt::format(" ASOF LEFT JOIN tarn_ranges{0} r{0} ON {1} >= r{0}.v", c,
                             value_of("t", columns[c]));
        for (int bit = 0; bit < kRankBits; ++bit)
            value += fmt::format("{}(((tarn_k{} >> {}) & 1) << {})", value.empty() ? "" : " | ", c,
                                 bit, size_t(bit) * columns.size() + columns.size() - 1 - c);
    }
    TARN_RETURN_IF_ERROR(session.execute(
        fmt::format("CREATE OR REPLACE TEMP TABLE tarn_ordered AS SELECT {}{} FROM (SELECT {}{}{} "
                    "FROM {} t{}) o ORDER BY {}, {}",
                    column_list(table, "o"),
                    ids.empty() ? ""
                                : fmt::format(", {}, {}", quoted_name(sql::kRowIdColumn),
                                              quoted_name(sql::kRowVersionColumn)),
                    column_list(table, "t"), ids, ranks, rows, joins, value, last)));
    return std::string("tarn_ordered");
}

FilesByPath files_by_path(const delta::Snapshot& table) {
    FilesByPath out;
    table.files.each([&](const auto& file) {
        out.emplace(delta::canonical_path(file->path, table.root), file);
    });
    return out;
}

namespace {

bool same_vector(const delta::AddFile& a, const delta::AddFile& b) {
    if (!a.deletion_vector || !b.deletion_vector) return a.deletion_vector == b.deletion_vector;
    return a.deletion_vector->unique_id() == b.deletion_vector->unique_id();
}

Result<std::vector<uint64_t>> deleted_rows(io::FileSystem& fs, const std::string& root,
                                           const delta::AddFile& file) {
    if (!file.deletion_vector) return std::vector<uint64_t>();
    return delta::read_deletion_vector(fs, root, *file.deletion_vector);
}

// The places in the new file, which holds the rows of `before` from `first` on, of those that
// `after` has no longer.
Status carry(io::FileSystem& fs, const std::string& root, const delta::AddFile& before,
             const delta::AddFile& after, uint64_t first, std::vector<uint64_t>& to) {
    TARN_TRY(auto old_rows, deleted_rows(fs, root, before));
    TARN_TRY(auto all_rows, deleted_rows(fs, root, after));
    auto old = old_rows.begin();
    for (const auto row : all_rows) {
        while (old != old_rows.end() && *old < row)
            ++old;
        if (old != old_rows.end() && *old == row) continue;
        to.push_back(first + row - uint64_t(old - old_rows.begin()));
    }
    return {};
}

}  // namespace

Result<bool> follow(io::FileSystem& fs, FileBin& bin, const delta::Snapshot& now,
                    const FilesByPath& files) {
    FileList sources;
    bool changed = false;
    for (const auto& source : bin.sources) {
        auto at = files.find(delta::canonical_path(source->path, now.root));
        if (at == files.end()) return false;
        changed = changed || !same_vector(*source, *at->second);
        sources.push_back(at->second);
    }
    if (!changed) return true;
    int64_t rows = 0;
    for (const auto& source : bin.first_sources) {
        if (source->records < 0) return false;
        rows += source->live_rows();
    }
    if (bin.ordered || bin.made.size() != 1 || bin.made[0].records != rows) return false;
    bin.carried.clear();
    uint64_t first = 0;
    for (size_t i = 0; i < sources.size(); ++i) {
        const auto& before = *bin.first_sources[i];
        TARN_RETURN_IF_ERROR(carry(fs, now.root, before, *sources[i], first, bin.carried));
        first += uint64_t(before.live_rows());
    }
    bin.sources = std::move(sources);
    return true;
}

}  // namespace tarn::lake
