#include "tarn/delta/joined_file.h"

#include <zlib.h>

#include <algorithm>

#include <fmt/format.h>

#include "tarn/base/bytes.h"
#include "tarn/delta/error_ids.h"
#include "tarn/delta/paths.h"

namespace tarn::delta {
namespace {

using codec::ParquetElement;
using codec::ParquetFooter;

constexpr size_t kFirstTail = 64 << 10, kMostFooter = 64 << 20;  // bytes
constexpr size_t kFirstHeader = 512, kMostHeader = 8 << 20;      // of a page, bytes
constexpr size_t kBlock = 1 << 20;                               // copied at a time

// Whether a file's columns are those of the table, as writers of today have them. Elements are
// walked in their order.
class ColumnsMatch {
  public:
    ColumnsMatch(const Snapshot& table, const std::vector<ParquetElement>& elements)
        : table_(table), mapping_(table.mapping()), elements_(elements) {}

    bool run() {
        const auto& partitions = table_.metadata->partition_columns;
        int64_t columns = 0;
        at_ = 1;
        for (const auto& field : table_.schema->fields) {
            if (std::ranges::find(partitions, field.name) != partitions.end() ||
                field.type.kind == TypeKind::kVoid)
                continue;
            ++columns;
            if (!named(field)) return false;
        }
        return at_ == elements_.size() && columns == elements_[0].children;
    }

  private:
    const ParquetElement* take() { return at_ < elements_.size() ? &elements_[at_++] : nullptr; }

    bool named(const Field& field) {
        const auto* element = take();
        if (!element || element->name != physical_name(field, mapping_) ||
            element->repetition == ParquetElement::kRepeated ||
            (element->repetition == ParquetElement::kRequired && field.nullable) ||
            (mapping_ != ColumnMapping::kNone && element->id != field.id))
            return false;
        return value(*element, field.type);
    }

    bool value(const ParquetElement& element, const DataType& type) {
        switch (type.kind) {
            case TypeKind::kStruct:
                return group(element, "", int64_t(type.fields.size())) &&
                       std::ranges::all_of(type.fields,
                                           [&](const auto& one) { return named(one); });
            case TypeKind::kArray:
                return group(element, "list", 1) && entry("list", 1) &&
                       inside("element", type.fields[0], true);
            case TypeKind::kMap:
                return group(element, "map", 1) && entry("key_value", 2) &&
                       inside("key", type.fields[0], false) &&
                       inside("value", type.fields[1], true);
            default:
                return leaf(element, type);
        }
    }

    static bool group(const ParquetElement& element, std::string_view meaning, int64_t children) {
        return element.type == ParquetElement::kGroup && element.meaning == meaning &&
               element.children == children;
    }
    bool entry(std::string_view name, int64_t children) {
        const auto* element = take();
        return element && element->name == name &&
               element->repetition == ParquetElement::kRepeated && group(*element, "", children);
    }
    bool inside(std::string_view name, const Field& field, bool optional) {
        const auto* element = take();
        return element && element->name == name &&
               element->repetition ==
                   (optional ? ParquetElement::kOptional : ParquetElement::kRequired) &&
               value(*element, field.type);
    }

    static bool leaf(const ParquetElement& element, const DataType& type) {
        auto is = [&](int physical, std::string_view meaning) {
            return element.type == physical && element.meaning == meaning;
        };
        switch (type.kind) {
            case TypeKind::kBoolean:
                return is(ParquetElement::kBoolean, "");
            case TypeKind::kByte:
                return is(ParquetElement::kInt32, "int8");
            case TypeKind::kShort:
                return is(ParquetElement::kInt32, "int16");
            case TypeKind::kInteger:
                return is(ParquetElement::kInt32, "");
            case TypeKind::kLong:
                return is(ParquetElement::kInt64, "");
            case TypeKind::kFloat:
                return is(ParquetElement::kFloat, "");
            case TypeKind::kDouble:
                return is(ParquetElement::kDouble, "");
            case TypeKind::kDecimal:
                return element.meaning == "decimal" && element.precision == type.precision &&
                       element.scale == type.scale;
            case TypeKind::kString:
                return is(ParquetElement::kBytes, "string");
            case TypeKind::kBinary:
                return is(ParquetElement::kBytes, "");
            case TypeKind::kDate:
                return is(ParquetElement::kInt32, "date");
            case TypeKind::kTimestamp:
                return is(ParquetElement::kInt64, "timestamp(utc,micros)");
            case TypeKind::kTimestampNtz:
                return is(ParquetElement::kInt64, "timestamp(local,micros)");
            default:
                return false;
        }
    }

    const Snapshot& table_;
    const ColumnMapping mapping_;
    const std::vector<ParquetElement>& elements_;
    size_t at_ = 0;
};

std::unexpected<Error> damaged(const std::string& path, std::string_view what) {
    return fail(errors::kTableDamaged, fmt::format("data file {} {}", path, what));
}

// Exactly these bytes, which the file's size has room for.
Result<std::string> read_exactly(io::File& file, const std::string& path, uint64_t from, size_t n) {
    std::string out(n, '\0');
    TARN_TRY(const auto got, file.read_at(from, out.data(), n));
    if (got != n) return damaged(path, "became shorter while it was read");
    return out;
}

// Nothing if it is none that is copied.
Result<std::optional<ParquetFooter>> read_footer(io::File& file, const std::string& path,
                                                 uint64_t size) {
    const auto none = std::optional<ParquetFooter>();
    const auto magic = codec::kParquetMagic;
    if (size < magic.size() + codec::kParquetTail) return none;
    const auto tail = size_t(std::min<uint64_t>(size, kFirstTail));
    TARN_TRY(auto text, read_exactly(file, path, size - tail, tail));
    TARN_TRY(const auto head, read_exactly(file, path, 0, magic.size()));
    if (head != magic || !text.ends_with(magic)) return none;
    const uint64_t length = load_le<uint32_t>(text.data() + text.size() - codec::kParquetTail);
    if (length > kMostFooter || length + codec::kParquetTail + magic.size() > size) return none;
    const auto begin = size - codec::kParquetTail - length;
    if (length + codec::kParquetTail > tail) {
        TARN_TRY(text, read_exactly(file, path, begin, size_t(length)));
    } else {
        text = text.substr(text.size() - codec::kParquetTail - length, size_t(length));
    }
    auto footer = codec::parse_parquet_footer(std::move(text), begin);
    if (!footer) return none;
    return std::optional(*std::move(footer));
}

// The page that begins here, which ends at `end` at the latest.
Result<std::optional<codec::ParquetPage>> read_page(io::File& file, const std::string& path,
                                                    uint64_t at, uint64_t end) {
    for (size_t window = kFirstHeader;; window *= 8) {
        const auto n = size_t(std::min<uint64_t>(window, end - at));
        TARN_TRY(const auto bytes, read_exactly(file, path, at, n));
        auto page = codec::parse_parquet_page(bytes);
        if (page || n < window || window >= kMostHeader) return page;
    }
}

Status check_crc(io::File& file, const std::string& path, uint64_t at,
                 const codec::ParquetPage& page) {
    auto sum = ::crc32(0, nullptr, 0);
    at += page.header;
    for (uint64_t done = 0; done < page.body;) {
        const auto n = size_t(std::min<uint64_t>(kBlock, page.body - done));
        TARN_TRY(const auto bytes, read_exactly(file, path, at + done, n));
        sum = ::crc32(sum, reinterpret_cast<const Bytef*>(bytes.data()), uInt(n));
        done += n;
    }
    if (uint32_t(sum) != *page.crc)
        return damaged(path, fmt::format("has a page at {} whose checksum does not hold", at));
    return {};
}

// Whether pages fill the chunk and have its values.
Result<bool> has_pages(io::File& file, const std::string& path, const codec::ParquetChunk& chunk) {
    int64_t values = 0;
    for (uint64_t at = chunk.begin; at < chunk.end;) {
        TARN_TRY(const auto page, read_page(file, path, at, chunk.end));
        if (!page || page->body > chunk.end - at - page->header ||
            page->values > chunk.values - values)
            return false;
        values += page->values;
        if (page->crc) TARN_RETURN_IF_ERROR(check_crc(file, path, at, *page));
        at += page->header + page->body;
    }
    return values == chunk.values;
}

Status copy_bytes(io::File& from, const std::string& path, uint64_t begin, uint64_t end,
                  io::File& to, uint64_t at) {
    std::string block;
    while (begin < end) {
        block.resize(size_t(std::min<uint64_t>(kBlock, end - begin)));
        TARN_TRY(const auto got, from.read_at(begin, block.data(), block.size()));
        if (got != block.size()) return damaged(path, "became shorter while it was copied");
        TARN_RETURN_IF_ERROR(to.write_at(at, block));
        begin += block.size();
        at += block.size();
    }
    return {};
}

// The new file's bytes. Gives how many.
Result<uint64_t> write_joined(io::FileSystem& fs, std::span<const CopySource> sources,
                              io::File& to) {
    codec::ParquetJoin join;
    uint64_t at = codec::kParquetMagic.size();
    TARN_RETURN_IF_ERROR(to.write_at(0, codec::kParquetMagic));
    for (const auto& source : sources) {
        TARN_TRY(auto from, fs.open(source.path, {io::OpenMode::kRead}));
        std::vector<uint64_t> begins;
        // Neighbours are copied as one.
        const auto& groups = source.footer.groups;
        for (size_t i = 0; i < groups.size();) {
            const auto begin = groups[i].begin();
            auto end = begin;
            for (; i < groups.size() && (end == begin || groups[i].begin() == end); ++i) {
                begins.push_back(at + groups[i].begin() - begin);
                end = groups[i].end();
            }
            TARN_RETURN_IF_ERROR(copy_bytes(*from, source.path, begin, end, to, at));
            at += end - begin;
        }
        join.add(source.footer, begins);
    }
    const auto tail = join.finish();
    TARN_RETURN_IF_ERROR(to.write_at(at, tail));
    TARN_RETURN_IF_ERROR(to.sync());
    return at + tail.size();
}

}  // namespace

Result<std::optional<CopySource>> copy_source(io::FileSystem& fs, const Snapshot& table,
                                              const StatisticsMerge& statistics,
                                              std::shared_ptr<const AddFile> file) {
    const auto none = std::optional<CopySource>();
    if (file->deletion_vector || file->records <= 0) return none;
    CopySource out;
    out.path = disk_path(canonical_path(file->path, table.root), table.root);
    TARN_TRY(auto opened, fs.open(out.path, {io::OpenMode::kRead}));
    TARN_TRY(const auto size, opened->size());
    if (int64_t(size) != file->size)
        return damaged(out.path, fmt::format("has {} bytes, the log says {}", size, file->size));
    TARN_TRY(auto footer, read_footer(*opened, out.path, size));
    if (!footer) return none;
    if (footer->rows != file->records)
        return damaged(out.path,
                       fmt::format("has {} rows, the log says {}", footer->rows, file->records));
    if (!ColumnsMatch(table, footer->elements).run()) return none;
    auto counts = statistics.read(*file, footer->created_by);
    if (!counts) return none;
    for (const auto& group : footer->groups)
        for (const auto& chunk : group.chunks) {
            TARN_TRY(const bool whole, has_pages(*opened, out.path, chunk));
            if (!whole) return none;
        }
    out.file = std::move(file);
    out.footer = *std::move(footer);
    out.counts = *std::move(counts);
    return std::optional(std::move(out));
}

bool is_own_form(const CopySource& source) {
    // Our writer leaves nothing out that can be NULL, but for the keys of maps.
    const auto& elements = source.footer.elements;
    return std::all_of(elements.begin() + 1, elements.end(), [](const ParquetElement& one) {
        return one.repetition != ParquetElement::kRequired || one.name == "key";
    });
}

Result<AddFile> join_files(io::FileSystem& fs, const Snapshot& table,
                           const StatisticsMerge& statistics, std::span<const CopySource> sources,
                           const std::string& path) {
    TARN_TRY(auto to, fs.open(path, {io::OpenMode::kCreateNew}));
    auto size = write_joined(fs, sources, *to);
    if (!size) {
        (void)fs.remove(path);  // nobody knows its name; what stays VACUUM removes
        return fail(std::move(size).error());
    }
    AddFile out;
    out.path = percent_encode(path.substr(table.root.size() + 1));
    out.partition_values = sources.front().file->partition_values;
    out.size = int64_t(*size);
    out.records = 0;
    LeafCountsByPath counts;
    for (const auto& source : sources) {
        out.records += source.footer.rows;
        statistics.add(counts, source.counts);
    }
    out.stats = stats_json(table, out.records, counts);
    return out;
}

}  // namespace tarn::delta
