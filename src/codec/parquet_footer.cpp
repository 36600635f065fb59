#include "tarn/codec/parquet_footer.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "tarn/base/bytes.h"

namespace tarn::codec {
namespace {

using Type = ThriftType;

constexpr int kMostDepth = 64;                   // of nested columns
constexpr int64_t kMostRows = int64_t(1) << 40;  // of a file
// Of a group's bytes that belong to none of its chunks: what some writers put between them.
constexpr uint64_t kMostOfGroup = 8;

std::unexpected<Error> no_copy(std::string_view why) {
    return fail(ErrorCode::kUnsupported, fmt::format("a Parquet file that is not copied: {}", why));
}
std::unexpected<Error> damaged(std::string_view what) {
    return fail(ErrorCode::kCorrupted, fmt::format("a Parquet footer is damaged: {}", what));
}

// ConvertedType, by number; "" where the physical type says the same.
constexpr std::array<const char*, 22> kConverted = {"string",
                                                    "map",
                                                    "map entry",
                                                    "list",
                                                    "enum",
                                                    "decimal",
                                                    "date",
                                                    "time(utc,millis)",
                                                    "time(utc,micros)",
                                                    "timestamp(utc,millis)",
                                                    "timestamp(utc,micros)",
                                                    "uint8",
                                                    "uint16",
                                                    "uint32",
                                                    "uint64",
                                                    "int8",
                                                    "int16",
                                                    "",
                                                    "",
                                                    "json",
                                                    "bson",
                                                    "interval"};

// TimeType and TimestampType: whether it is an instant, and its unit.
std::string time_meaning(ThriftReader& in, std::string_view what) {
    bool utc = false;
    std::string unit = "?";
    int last = 0;
    while (const auto field = in.next(last)) {
        if (field->id == 1) {
            utc = in.boolean(field->type);
        } else if (field->id == 2 && field->type == Type::kStruct) {
            int inner = 0;
            while (const auto one = in.next(inner)) {
                unit = one->id == 1   ? "millis"
                       : one->id == 2 ? "micros"
                       : one->id == 3 ? "nanos"
                                      : "?";
                in.pass(one->type);
            }
        } else {
            in.refuse();
        }
    }
    return fmt::format("{}({},{})", what, utc ? "utc" : "local", unit);
}

std::string integer_meaning(ThriftReader& in) {
    int64_t bits = 0;
    bool is_signed = true;
    int last = 0;
    while (const auto field = in.next(last)) {
        if (field->id == 1)
            bits = in.integer(field->type);
        else if (field->id == 2)
            is_signed = in.boolean(field->type);
        else
            in.refuse();
    }
    if (is_signed && bits >= 32) return "";
    return fmt::format("{}int{}", is_signed ? "" : "u", bits);
}

// LogicalType, a union: one field.
void logical_meaning(ThriftReader& in, ParquetElement& to) {
    int last = 0;
    while (const auto field = in.next(last)) {
        if (field->type != Type::kStruct) return in.refuse();
        switch (field->id) {
            case 1:
                to.meaning = "string";
                break;
            case 2:
                to.meaning = "map";
                break;
            case 3:
                to.meaning = "list";
                break;
            case 4:
                to.meaning = "enum";
                break;
            case 5:  // scale and precision stand in the element too
                to.meaning = "decimal";
                break;
            case 6:
                to.meaning = "date";
                break;
            case 7:
                to.meaning = time_meaning(in, "time");
                continue;
            case 8:
                to.meaning = time_meaning(in, "timestamp");
                continue;
            case 10:
                to.meaning = integer_meaning(in);
                continue;
            default:
                to.meaning = fmt::format("logical {}", field->id);
        }
        in.pass(field->type);
    }
}

ParquetElement parse_element(ThriftReader& in) {
    ParquetElement out;
    std::optional<int64_t> converted;
    bool logical = false;
    int last = 0;
    while (const auto field = in.next(last)) {
        const auto type = field->type;
        switch (field->id) {
            case 1:
                out.type = int(in.integer(type));
                if (out.type < 0 || out.type > ParquetElement::kFixed) in.refuse();
                break;
            case 2:
                out.length = in.integer(type);
                break;
            case 3:
                out.repetition = int(in.integer(type));
                if (out.repetition < 0 || out.repetition > ParquetElement::kRepeated) in.refuse();
                break;
            case 4:
                out.name = in.binary(type);
                break;
            case 5:
                out.children = in.integer(type);
                break;
            case 6:
                converted = in.integer(type);
                break;
            case 7:
                out.scale = in.integer(type);
                break;
            case 8:
                out.precision = in.integer(type);
                break;
            case 9:
                out.id = in.integer(type);
                break;
            case 10:
                if (type != Type::kStruct) in.refuse();
                logical_meaning(in, out);
                logical = true;
                break;
            default:
                in.refuse();
        }
    }
    if (!logical && converted)
        out.meaning = *converted >= 0 && size_t(*converted) < kConverted.size()
                          ? kConverted[size_t(*converted)]
                          : "?";
    if (out.type != ParquetElement::kFixed) out.length = 0;
    return out;
}

// One leaf: its physical type, and whether each row has one value of it.
struct Leaf {
    int type;
    bool once;
};

class FooterReader {
  public:
    FooterReader(ParquetFooter& to, uint64_t end) : to_(to), end_(end), in_(*to.text) {}

    Status run() {
        bool has_rows = false;
        int last = 0;
        while (const auto field = in_.next(last)) {
            const auto type = field->type;
            switch (field->id) {
                case 1:
                    to_.version = in_.integer(type);
                    break;
                case 2: {
                    const auto from = in_.position();
                    TARN_RETURN_IF_ERROR(read_schema(type));
                    to_.elements_text =
                        std::string_view(*to_.text).substr(from, in_.position() - from);
                    break;
                }
                case 3:
                    to_.rows = in_.integer(type);
                    has_rows = true;
                    break;
                case 4:
                    TARN_RETURN_IF_ERROR(read_groups(type));
                    break;
                case 5:
                    for (auto left = in_.list(type, Type::kStruct); in_.ok() && left > 0; --left)
                        to_.properties.push_back(in_.pass(Type::kStruct));
                    break;
                case 6:
                    to_.created_by = in_.binary(type);
                    break;
                case 7:
                    if (type != Type::kList) in_.refuse();
                    to_.orders_text = in_.pass(type);
                    break;
                default:
                    return no_copy("it is encrypted, or of a newer form");
            }
        }
        if (!in_.ok() || in_.position() != to_.text->size()) return damaged("it does not parse");
        if (!has_rows || leaves_.empty()) return damaged("it has no rows or no columns");
        int64_t rows = 0;
        for (const auto& group : to_.groups)
            rows += group.rows;  // each is at most kMostRows / groups
        if (rows != to_.rows) return damaged("its row groups have other rows than it says");
        return {};
    }

  private:
    Status read_schema(Type type) {
        const auto count = in_.list(type, Type::kStruct);
        for (size_t i = 0; in_.ok() && i < count; ++i)
            to_.elements.push_back(parse_element(in_));
        if (!in_.ok() || to_.elements.empty()) return damaged("its schema does not parse");
        size_t at = 0;
        if (!walk(at, true, 0) || at != to_.elements.size())
            return damaged("its schema is no tree");
        return {};
    }

    // Of the element at `at`, with what is in it.
    bool walk(size_t& at, bool once, int depth) {
        if (at >= to_.elements.size() || depth > kMostDepth) return false;
        const auto& element = to_.elements[at++];
        once = once && (depth == 0 || element.repetition != ParquetElement::kRepeated);
        if (element.type != ParquetElement::kGroup) {
            if (depth == 0 || element.children > 0) return false;
            leaves_.push_back({element.type, once});
            return true;
        }
        if (element.children <= 0 || element.children > int64_t(to_.elements.size())) return false;
        for (int64_t i = 0; i < element.children; ++i)
            if (!walk(at, once, depth + 1)) return false;
        return true;
    }

    Status read_groups(Type type) {
        if (leaves_.empty()) return damaged("its row groups stand before its schema");
        const auto count = in_.list(type, Type::kStruct);
        uint64_t begin = kParquetMagic.size();
        for (size_t i = 0; in_.ok() && i < count; ++i) {
            ParquetGroup group;
            const auto from = in_.position();
            TARN_RETURN_IF_ERROR(read_group(group));
            group.text = std::string_view(*to_.text).substr(from, in_.position() - from);
            if (group.rows < 0 || group.rows > kMostRows / int64_t(count))
                return damaged("a row group has no possible number of rows");
            uint64_t held = 0;
            for (const auto& chunk : group.chunks) {
                if (chunk.begin < begin || chunk.end > end_)
                    return no_copy("its columns do not stand in their order");
                begin = chunk.end;
                held += chunk.end - chunk.begin;
            }
            if (const auto all = group.end() - group.begin(); all - held > all / kMostOfGroup)
                return no_copy("there is much between its columns");
            to_.groups.push_back(std::move(group));
        }
        return {};
    }

    Status read_group(ParquetGroup& to) {
        bool has_columns = false, has_rows = false;
        int last = 0;
        while (const auto field = in_.next(last)) {
            switch (field->id) {
                case 1: {
                    has_columns = true;
                    const auto count = in_.list(field->type, Type::kStruct);
                    if (count != leaves_.size())
                        return damaged("a row group has other columns than the schema");
                    for (const auto& leaf : leaves_) {
                        TARN_TRY(const auto chunk, read_chunk(leaf));
                        to.chunks.push_back(chunk);
                    }
                    break;
                }
                case 3:
                    to.rows = in_.integer(field->type);
                    has_rows = true;
                    break;
                case 2:
                case 4:
                case 5:
                case 6:
                case 7:
                    in_.pass(field->type);
                    break;
                default:
                    return no_copy("its row groups are of a newer form");
            }
        }
        if (!in_.ok() || !has_columns || !has_rows) return damaged("a row group does not parse");
        for (size_t i = 0; i < leaves_.size(); ++i)
            if (leaves_[i].once && to.chunks[i].values != to.rows)
                return damaged("a column has other rows than its row group");
        return {};
    }

    Result<ParquetChunk> read_chunk(const Leaf& leaf) {
        ParquetChunk out;
        bool has_data = false;
        int last = 0;
        while (const auto field = in_.next(last)) {
            switch (field->id) {
                case 3: {
                    if (field->type != Type::kStruct) in_.refuse();
                    TARN_TRY(out, read_column(leaf));
                    has_data = true;
                    break;
                }
                case 2:
                case 4:
                case 5:
                case 6:
                case 7:
                    in_.pass(field->type);
                    break;
                default:
                    return no_copy(
                        "its columns lie in other files, are encrypted, or of a newer "
                        "form");
            }
        }
        if (!in_.ok() || !has_data) return damaged("a column does not parse");
        return out;
    }

    // What stands in a narrower integer may be too large for it in another file.
    int64_t wide(const ThriftReader::Field& field) {
        if (field.type != Type::kInt64) in_.refuse();
        return in_.integer(field.type);
    }

    Result<ParquetChunk> read_column(const Leaf& leaf) {
        int64_t type = -1, values = -1, bytes = -1, data = -1, dictionary = 0;
        int last = 0;
        while (const auto field = in_.next(last)) {
            switch (field->id) {
                case 1:
                    type = in_.integer(field->type);
                    break;
                case 5:
                    values = wide(*field);
                    break;
                case 7:
                    bytes = wide(*field);
                    break;
                case 9:
                    data = wide(*field);
                    break;
                case 11:
                    dictionary = wide(*field);
                    break;
                case 2:
                case 3:
                case 4:
                case 6:
                case 8:
                case 12:
                case 13:
                case 14:
                case 15:
                case 16:
                case 17:
                    in_.pass(field->type);
                    break;
                default:
                    return no_copy("its columns are of a newer form");
            }
        }
        if (!in_.ok() || type != leaf.type || values < 0 || bytes <= 0 || data <= 0 ||
            dictionary < 0 || uint64_t(data) > end_ || uint64_t(bytes) > end_)
            return damaged("a column has no possible place");
        if (dictionary > 0 && dictionary >= data)
            return no_copy("a dictionary stands behind what it is of");
        const auto begin = uint64_t(dictionary > 0 ? dictionary : data);
        if (uint64_t(data) >= begin + uint64_t(bytes))
            return damaged("a column has no possible place");
        return ParquetChunk{begin, begin + uint64_t(bytes), values};
    }

    ParquetFooter& to_;
    const uint64_t end_;
    ThriftReader in_;
    std::vector<Leaf> leaves_;
};

// Copies a struct that was read before, with what its caller changes. `change` is true if it has
// read and written the field.
template <class F>
void copy_struct(ThriftReader& in, ThriftWriter& out, F&& change) {
    out.begin_struct();
    int last = 0;
    while (const auto field = in.next(last))
        if (!change(*field)) out.raw(field->type, field->id, in.pass(field->type));
    out.end_struct();
}

void copy_column(ThriftReader& in, ThriftWriter& out, int64_t shift) {
    copy_struct(in, out, [&](const ThriftReader::Field& field) {
        if (field.id == 9 || field.id == 11) {  // data pages, dictionary
            const auto at = in.integer(field.type);
            out.integer(Type::kInt64, field.id, at > 0 ? at + shift : at);
            return true;
        }
        if (field.id != 14 && field.id != 15) return false;  // bloom filter
        in.pass(field.type);
        return true;
    });
}

void copy_chunk(ThriftReader& in, ThriftWriter& out, int64_t shift) {
    copy_struct(in, out, [&](const ThriftReader::Field& field) {
        if (field.id == 2) {  // file_offset, which is no longer used
            in.pass(field.type);
            out.integer(field.type, field.id, 0);
            return true;
        }
        if (field.id == 3) {
            out.field(field.type, field.id);
            copy_column(in, out, shift);
            return true;
        }
        if (field.id < 4 || field.id > 7) return false;  // page indexes
        in.pass(field.type);
        return true;
    });
}

}  // namespace

Result<ParquetFooter> parse_parquet_footer(std::string text, uint64_t end) {
    ParquetFooter out;
    if (end > uint64_t(INT64_MAX)) return damaged("it stands at no possible place");
    out.text = std::make_shared<const std::string>(std::move(text));
    TARN_RETURN_IF_ERROR(FooterReader(out, end).run());
    return out;
}

bool is_same_form(const ParquetFooter& a, const ParquetFooter& b) {
    return a.created_by == b.created_by && a.orders_text == b.orders_text &&
           a.elements.size() == b.elements.size() &&
           a.elements[0].children == b.elements[0].children &&  // the root's name says nothing
           std::equal(a.elements.begin() + 1, a.elements.end(), b.elements.begin() + 1);
}

void ParquetJoin::add(const ParquetFooter& from, const std::vector<uint64_t>& begins) {
    if (!first_) {
        first_ = from;
        first_->groups.clear();
        properties_ = from.properties;
    }
    version_ = std::max(version_, from.version);
    std::erase_if(properties_, [&](std::string_view one) {
        return std::ranges::find(from.properties, one) == from.properties.end();
    });
    for (size_t i = 0; i < from.groups.size(); ++i)
        add_group(from.groups[i], begins[i]);
    rows_ += from.rows;
}

void ParquetJoin::add_group(const ParquetGroup& group, uint64_t begin) {
    const auto shift = int64_t(begin) - int64_t(group.begin());
    ThriftReader in(group.text);
    ThriftWriter out;
    copy_struct(in, out, [&](const ThriftReader::Field& field) {
        if (field.id == 1) {
            out.list(field.id, Type::kStruct, in.list(field.type, Type::kStruct));
            for (size_t i = 0; i < group.chunks.size(); ++i)
                copy_chunk(in, out, shift);
            return true;
        }
        if (field.id != 5 && field.id != 7) return false;
        in.pass(field.type);
        if (field.id == 5)
            out.integer(Type::kInt64, field.id, int64_t(begin));
        else
            out.integer(Type::kInt16, field.id, int64_t(groups_.size()));
        return true;
    });
    groups_.push_back(out.take());
}

std::string ParquetJoin::finish() const {
    ThriftWriter out;
    out.begin_struct();
    out.integer(Type::kInt32, 1, version_);
    out.raw(Type::kList, 2, first_->elements_text);
    out.integer(Type::kInt64, 3, rows_);
    out.list(4, Type::kStruct, groups_.size());
    for (const auto& group : groups_)
        out.raw_item(group);
    if (!properties_.empty()) {
        out.list(5, Type::kStruct, properties_.size());
        for (const auto& one : properties_)
            out.raw_item(one);
    }
    if (!first_->created_by.empty()) out.binary(6, first_->created_by);
    if (!first_->orders_text.empty()) out.raw(Type::kList, 7, first_->orders_text);
    out.end_struct();
    auto text = out.take();
    ByteWriter tail;
    tail.le<uint32_t>(uint32_t(text.size()));
    return text + tail.take() + std::string(kParquetMagic);
}

std::optional<ParquetPage> parse_parquet_page(std::string_view bytes) {
    ParquetPage out;
    ThriftReader in(bytes);
    int64_t type = -1, body = -1;
    int last = 0;
    auto count = [&](Type of) {  // num_values is the first field of each
        if (of != Type::kStruct) in.refuse();
        int inner = 0;
        while (const auto field = in.next(inner))
            if (field->id == 1)
                out.values = in.integer(field->type);
            else
                in.pass(field->type);
    };
    while (const auto field = in.next(last)) {
        if (field->id == 1)
            type = in.integer(field->type);
        else if (field->id == 3)
            body = in.integer(field->type);
        else if (field->id == 4)
            out.crc = uint32_t(in.integer(field->type));
        else if (field->id == 5 || field->id == 8)
            count(field->type);
        else
            in.pass(field->type);
    }
    if (!in.ok() || type < 0 || type > 3 || body < 0 || out.values < 0) return std::nullopt;
    out.header = in.position();
    out.body = uint64_t(body);
    return out;
}

}  // namespace tarn::codec
