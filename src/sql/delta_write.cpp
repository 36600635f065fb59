#include "tarn/sql/delta_write.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include <fmt/format.h>
#include <duckdb/planner/binder.hpp>

#include "delta_types.h"
#include "duck.h"
#include "tarn/delta/error_ids.h"
#include "tarn/delta/file_stats.h"
#include "tarn/delta/partition.h"
#include "tarn/delta/paths.h"
#include "tarn/delta/row_tracking.h"
#include "tarn/sql/delta_files.h"
#include "tarn/sql/quote.h"

namespace tarn::sql {
namespace {

using delta::ColumnMapping;
using delta::Field;
using delta::TypeKind;

bool renames(const delta::DataType& type) {
    return type.kind == TypeKind::kStruct ||
           std::ranges::any_of(type.fields, [](const auto& f) { return renames(f.type); });
}

// A value with the names that files have for the fields inside.
std::string with_physical_names(const std::string& value, const delta::DataType& type,
                                ColumnMapping mapping, int depth = 0) {
    if (!renames(type)) return value;
    const auto item = fmt::format("x{}", depth);
    auto inner = [&](const std::string& of, const Field& field) {
        return with_physical_names(of, field.type, mapping, depth + 1);
    };
    if (type.kind == TypeKind::kArray)
        return fmt::format("list_transform({}, lambda {}: {})", value, item,
                           inner(item, type.fields[0]));
    if (type.kind == TypeKind::kMap)
        return fmt::format(
            "map_from_entries(list_transform(map_entries({}), lambda {}: struct_pack(k := {}, v := "
            "{})))",
            value, item, inner(item + ".key", type.fields[0]),
            inner(item + ".value", type.fields[1]));
    std::string fields;
    for (const auto& field : type.fields)
        fields += fmt::format("{}{} := {}", fields.empty() ? "" : ", ",
                              quoted_name(delta::physical_name(field, mapping)),
                              inner(fmt::format("({}).{}", value, quoted_name(field.name)), field));
    return fmt::format("CASE WHEN {} IS NULL THEN NULL ELSE struct_pack({}) END", value, fields);
}

// FIELD_IDS of COPY: {"a": 1, "s": {__duckdb_field_id: 2, "x": 3}}.
std::string field_ids(const std::vector<Field>& fields, TypeKind parent, ColumnMapping mapping) {
    std::string out;
    auto put = [&](const std::string& name, const Field& field) {
        auto inner = field.type.fields.empty()
                         ? std::string()
                         : field_ids(field.type.fields, field.type.kind, mapping);
        if (!field.id && inner.empty()) return;
        out += (out.empty() ? "" : ", ") + name + ": ";
        if (inner.empty())
            out += std::to_string(*field.id);
        else
            out += "{" + (field.id ? fmt::format("__duckdb_field_id: {}, ", *field.id) : "") +
                   inner + "}";
    };
    for (const auto& field : fields) {
        const bool named = parent == TypeKind::kStruct;
        put(named                        ? quoted_name(delta::physical_name(field, mapping))
            : parent == TypeKind::kArray ? "element"
                                         : field.name,
            field);
    }
    return out;
}

// The text that the log has of a partition value, but for doubles, which Java writes otherwise.
Result<std::string> partition_text(const Field& field) {
    const auto value = "q." + quoted_name(field.name);
    switch (field.type.kind) {
        case TypeKind::kString:
            return "nullif(" + value + ", '')";
        case TypeKind::kTimestamp:
            return "strftime(timezone('UTC', " + value + "), '%Y-%m-%dT%H:%M:%S.%fZ')";
        case TypeKind::kTimestampNtz:
            return "strftime(" + value + ", '%Y-%m-%d %H:%M:%S.%f')";
        case TypeKind::kBinary:
        case TypeKind::kStruct:
        case TypeKind::kArray:
        case TypeKind::kMap:
            return fail(ErrorCode::kUnsupported,
                        fmt::format("a table cannot be partitioned by {}, which is {}", field.name,
                                    delta::type_name(field.type)));
        default:
            return "CAST(" + value + " AS VARCHAR)";
    }
}

// The columns that files have.
std::vector<Field> stored_fields(const delta::Snapshot& table) {
    const auto& partitions = table.metadata->partition_columns;
    std::vector<Field> out;
    for (const auto& field : table.schema->fields)
        if (std::ranges::find(partitions, field.name) == partitions.end() &&
            field.type.kind != TypeKind::kVoid)
            out.push_back(field);
    return out;
}

class DeltaWrite {
  public:
    DeltaWrite(Session& session, const DeltaOutput& output)
        : impl_(session.impl()),
          output_(output),
          table_(*output.snapshot),
          mapping_(table_.mapping()) {}

    Result<std::vector<delta::AddFile>> run(const std::string& select) {
        TARN_TRY(auto text, copy_text(select, ""));
        auto result = impl_.connection.Query(text);
        // Folders are for people: files whose values make too long a name for one stand at the top.
        if (result->HasError() && is_name_too_long(result->GetErrorObject())) {
            TARN_TRY(text, copy_text(select, ", HIVE_FILE_PATTERN false"));
            result = impl_.connection.Query(text);
        }
        if (result->HasError()) {
            remove_written();
            return fail(to_error(result->GetErrorObject()));
        }
        for (duckdb::idx_t row = 0; row < result->RowCount(); ++row)
            TARN_RETURN_IF_ERROR(take(*result, row));
        for (const auto& folder : folders_)
            TARN_RETURN_IF_ERROR(impl_.engine.fs.sync_folder(folder));
        return std::move(files_);
    }

  private:
    std::string root() const {
        return output_.beside == Beside::kChange ? table_.root + "/_change_data" : table_.root;
    }

    Status check_types() const {
        for (const auto& field : table_.schema->fields)
            if (delta::holds(field.type, TypeKind::kVariant))
                return fail(errors::kTableFeature,
                            fmt::format("this version of Tarn does not write column {}, which is "
                                        "variant: of its rows it can delete some by deletion "
                                        "vectors alone (delta.enableDeletionVectors)",
                                        field.name));
        return {};
    }

    static bool is_name_too_long(const duckdb::ErrorData& error) {
        return error.RawMessage().find(std::strerror(ENAMETOOLONG)) != std::string::npos;
    }

    Result<std::string> copy_text(const std::string& select, std::string_view more) {
        TARN_RETURN_IF_ERROR(check_types());
        const auto stored = stored_columns(table_);
        std::string columns = stored.list, parts;
        if (columns.empty())
            for (const auto& field : stored_fields(table_))
                columns += (columns.empty() ? "q." : ", q.") + quoted_name(field.name);
        if (output_.beside == Beside::kChange) columns += ", q._change_type AS _change_type";
        if (output_.beside == Beside::kRowIds) {
            TARN_TRY(const auto tracking, delta::row_tracking(table_));
            if (!tracking) return fail(ErrorCode::kInternal, "row ids for a table without them");
            columns += fmt::format(", q.{} AS {}, q.{} AS {}", quoted_name(kRowIdColumn),
                                   quoted_name(tracking->id_column), quoted_name(kRowVersionColumn),
                                   quoted_name(tracking->version_column));
        }
        for (const auto& name : table_.metadata->partition_columns) {
            const auto* field = table_.schema->find(name);
            if (!field) return fail(ErrorCode::kCorrupted, "no partition column " + name);
            TARN_TRY(auto value, partition_text(*field));
            columns += ", " + value + " AS " + quoted_name(name);
            parts += (parts.empty() ? "" : ", ") + quoted_name(name);
        }
        // Where each file has a name of its own the target is a folder.
        const bool folder = !parts.empty() || output_.file_bytes > 0;
        std::string target = root();
        std::string options =
            ", COMPRESSION zstd, COMPRESSION_LEVEL 1, WRITE_BLOOM_FILTER false, "
            "DICTIONARY_SIZE_LIMIT 4096, RETURN_STATS";
        if (!stored.field_ids.empty()) options += ", FIELD_IDS " + stored.field_ids;
        if (folder) {
            options += ", OVERWRITE_OR_IGNORE, FILENAME_PATTERN " +
                       quoted_text("part-" + output_.stem + "-{uuidv4}") +
                       ", FILE_EXTENSION 'zstd.parquet'";
            if (!parts.empty())
                options += fmt::format(", PARTITION_BY ({}){}", parts, more);
            else
                options += fmt::format(", FILE_SIZE_BYTES '{}B'", output_.file_bytes);
        } else {
            target += "/part-" + output_.stem + ".zstd.parquet";
            options += ", USE_TMP_FILE false";
            single_ = target;
            TARN_RETURN_IF_ERROR(impl_.engine.fs.create_folders(root()));
        }
        return fmt::format("COPY (SELECT {} FROM ({}) q) TO {} (FORMAT parquet{})", columns,
                           typed_select(table_, select, output_.beside),
                           quoted_text(kScheme + target), options);
    }

    // One row of what COPY says: file, rows, bytes, bytes of the footer, statistics, partition.
    Status take(duckdb::MaterializedQueryResult& result, duckdb::idx_t row) {
        auto path = result.GetValue(0, row).ToString();
        if (path.starts_with(kScheme)) path = path.substr(std::string_view(kScheme).size());
        const auto rows = result.GetValue(1, row).GetValue<int64_t>();
        if (rows == 0) return impl_.engine.fs.remove(path);
        delta::AddFile add;
        add.path = delta::percent_encode(path.substr(table_.root.size() + 1));
        add.size = result.GetValue(2, row).GetValue<int64_t>();
        add.records = rows;
        add.modified_ms = output_.time_ms;
        const auto keys = result.GetValue(5, row);
        for (const auto& name : table_.metadata->partition_columns) {
            const auto* field = table_.schema->find(name);
            auto text = entry(keys, name);
            if (text &&
                (field->type.kind == TypeKind::kDouble || field->type.kind == TypeKind::kFloat))
                text = delta::java_double(duckdb::Value(*text)
                                              .DefaultCastAs(duckdb::LogicalType::DOUBLE)
                                              .GetValue<double>());
            if (text && field->type.kind == TypeKind::kDecimal)
                text = delta::decimal_with_zero(*std::move(text));
            add.partition_values.emplace_back(delta::physical_name(*field, mapping_), text);
        }
        if (output_.beside != Beside::kChange)
            add.stats = delta::stats_json(table_, rows, counts(result.GetValue(4, row)));
        for (auto folder = io::parent_path(path); folder.size() >= table_.root.size();
             folder = io::parent_path(folder))
            folders_.insert(folder);
        files_.push_back(std::move(add));
        return {};
    }

    static std::optional<std::string> entry(const duckdb::Value& map, const std::string& key) {
        if (map.IsNull()) return std::nullopt;
        for (const auto& one : duckdb::MapValue::GetChildren(map)) {
            const auto& pair = duckdb::StructValue::GetChildren(one);
            if (pair[0].ToString() != key) continue;
            if (pair[1].IsNull()) return std::nullopt;
            return pair[1].ToString();
        }
        return std::nullopt;
    }

    // "\"a\".\"b\"" → a, b; a quote within is doubled.
    static std::string leaf_path(std::string_view text) {
        std::string out;
        for (size_t i = 0; i < text.size();) {
            if (text[i] == '.') {
                out += '\0';
                ++i;
                continue;
            }
            if (text[i] != '"') {
                out += text[i++];
                continue;
            }
            for (++i; i < text.size(); ++i) {
                if (text[i] == '"' && i + 1 < text.size() && text[i + 1] == '"')
                    ++i;
                else if (text[i] == '"')
                    break;
                out += text[i];
            }
            ++i;
        }
        return out;
    }

    static delta::LeafCountsByPath counts(const duckdb::Value& statistics) {
        delta::LeafCountsByPath out;
        if (statistics.IsNull()) return out;
        for (const auto& one : duckdb::MapValue::GetChildren(statistics)) {
            const auto& pair = duckdb::StructValue::GetChildren(one);
            auto& leaf = out[leaf_path(pair[0].ToString())];
            leaf.min = entry(pair[1], "min");
            leaf.max = entry(pair[1], "max");
            if (auto nulls = entry(pair[1], "null_count")) leaf.nulls = std::stoll(*nulls);
            leaf.has_nan = entry(pair[1], "has_nan").value_or("false") != "false";
        }
        return out;
    }

    // Files whose names are known. Of others VACUUM will find what is left.
    void remove_written() {
        if (!single_.empty()) (void)impl_.engine.fs.remove(single_);
    }

    Session::Impl& impl_;
    const DeltaOutput& output_;
    const delta::Snapshot& table_;
    const ColumnMapping mapping_;
    std::string single_;
    std::vector<delta::AddFile> files_;
    std::set<std::string> folders_;
};

}  // namespace

namespace {

// A condition: the value is there, and has a NULL inside where its type has none. Empty: there is
// no such place.
std::string missing_in(const std::string& value, const delta::DataType& type, int depth) {
    std::string out;
    auto put = [&](const std::string& condition) {
        if (!condition.empty()) out += (out.empty() ? "" : " OR ") + condition;
    };
    auto put_items = [&](const std::string& list, const Field& held, bool may_be_null) {
        const auto item = fmt::format("m{}", depth);
        auto inside = missing_in(item, held.type, depth + 1);
        if (!may_be_null) inside += (inside.empty() ? "" : " OR ") + item + " IS NULL";
        if (!inside.empty())
            put(fmt::format("len(list_filter({}, lambda {}: {})) > 0", list, item, inside));
    };
    if (type.kind == TypeKind::kArray) put_items(value, type.fields[0], type.contains_null);
    if (type.kind == TypeKind::kMap) {
        put_items("map_keys(" + value + ")", type.fields[0], true);  // none is NULL
        put_items("map_values(" + value + ")", type.fields[1], type.contains_null);
    }
    if (type.kind == TypeKind::kStruct)
        for (const auto& field : type.fields) {
            const auto inner = fmt::format("({}).{}", value, quoted_name(field.name));
            if (!field.nullable) put(inner + " IS NULL");
            put(missing_in(inner, field.type, depth));
        }
    return out.empty() ? out : fmt::format("({} IS NOT NULL AND ({}))", value, out);
}

}  // namespace

std::string has_missing(const delta::Field& column) {
    const auto name = quoted_name(column.name);
    auto out = missing_in(name, column.type, 0);
    if (!column.nullable) out += (out.empty() ? "" : " OR ") + name + " IS NULL";
    return out.empty() ? "false" : out;
}

StoredColumns stored_columns(const delta::Snapshot& table, std::span<const std::string> columns) {
    const auto mapping = table.mapping();
    StoredColumns out;
    if (mapping == ColumnMapping::kNone) return out;
    auto fields = stored_fields(table);
    if (!columns.empty())
        std::erase_if(fields, [&](const Field& field) {
            return std::ranges::find(columns, field.name) == columns.end();
        });
    for (const auto& field : fields)
        out.list +=
            fmt::format("{}{} AS {}", out.list.empty() ? "" : ", ",
                        with_physical_names("q." + quoted_name(field.name), field.type, mapping),
                        quoted_name(delta::physical_name(field, mapping)));
    out.field_ids = "{" + field_ids(fields, TypeKind::kStruct, mapping) + "}";
    return out;
}

std::string typed_select(const delta::Snapshot& table, const std::string& select, Beside beside) {
    std::string columns;
    for (const auto& field : table.schema->fields) {
        const auto name = quoted_name(field.name);
        const auto cast = fmt::format("CAST(v.{} AS {})", name, duck_type(field.type).ToString());
        auto value = cast;
        if (field.type.kind == TypeKind::kDate || field.type.kind == TypeKind::kTimestamp ||
            field.type.kind == TypeKind::kTimestampNtz)
            value = fmt::format(
                "CASE WHEN {0} NOT BETWEEN '0001-01-01' AND '9999-12-31{1}' THEN {2} ELSE "
                "{0} END",
                value, field.type.kind == TypeKind::kDate ? "" : " 23:59:59.999999",
                refuse_row("column " + field.name + " has a time outside of the years 1 to 9999"));
        if (!field.nullable)
            value = fmt::format("CASE WHEN v.{} IS NULL THEN {} ELSE {} END", name,
                                refuse_row("column " + field.name + " is required and has a null"),
                                value);
        if (const auto missing = missing_in(cast, field.type, 0); !missing.empty())
            value = fmt::format(
                "CASE WHEN {} THEN {} ELSE {} END", missing,
                refuse_row("a value within column " + field.name + " is required and is null"),
                value);
        columns += fmt::format("{}{} AS {}", columns.empty() ? "" : ", ", value, name);
    }
    if (beside == Beside::kChange) columns += ", v._change_type";
    if (beside == Beside::kRowIds)
        for (const char* name : {kRowIdColumn, kRowVersionColumn})
            columns += fmt::format(", CAST(v.{0} AS BIGINT) AS {0}", quoted_name(name));
    return fmt::format("SELECT {} FROM ({}) v", columns, select);
}

namespace {

// What a query gives, from binding alone. False: it cannot be bound; Prepare() says why.
bool bind_alone(Session::Impl& session, const std::string& select,
                duckdb::vector<std::string>& names, duckdb::vector<duckdb::LogicalType>& types) {
    try {
        auto statements = session.connection.ExtractStatements(select);
        if (statements.size() != 1) return false;
        session.context().RunFunctionInTransaction([&] {
            auto bound = duckdb::Binder::CreateBinder(session.context())->Bind(*statements[0]);
            names = std::move(bound.names);
            types = std::move(bound.types);
        });
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

}  // namespace

Result<delta::Schema> schema_of_query(Session& session, const std::string& select,
                                      UnknownTypes unknown) {
    return guarded([&]() -> Result<delta::Schema> {
        duckdb::vector<std::string> names;
        duckdb::vector<duckdb::LogicalType> types;
        if (!bind_alone(session.impl(), select, names, types)) {
            auto prepared = session.impl().connection.Prepare(select);
            if (prepared->HasError()) return fail(to_error(prepared->GetErrorObject()));
            names = prepared->GetNames();
            types = prepared->GetTypes();
        }
        delta::Schema out;
        for (size_t i = 0; i < names.size(); ++i) {
            auto& field = out.fields.emplace_back();
            field.name = names[i];
            auto type = delta_type(types[i]);
            if (type)
                field.type = std::move(*type);
            else if (unknown == UnknownTypes::kVoid)
                field.type.kind = TypeKind::kVoid;
            else
                return fail(std::move(type).error());
        }
        return out;
    });
}

Result<std::vector<delta::AddFile>> write_delta_files(Session& session, const std::string& select,
                                                      const DeltaOutput& output) {
    return guarded([&] { return DeltaWrite(session, output).run(select); });
}

}  // namespace tarn::sql
