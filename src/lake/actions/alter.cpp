// ALTER TABLE: columns and fields of structs that come, go, get another name or place, a wider type
// or a comment, and properties. No data file is written anew.

#include <algorithm>

#include <fmt/format.h>

#include "row_change.h"
#include "tarn/base/names.h"
#include "tarn/delta/clustering.h"
#include "tarn/delta/error_ids.h"
#include "tarn/delta/protocol_gate.h"
#include "tarn/delta/row_tracking.h"
#include "tarn/delta/schema_edit.h"
#include "tarn/lake/create_table.h"
#include "tarn/sql/delta_write.h"
#include "tarn/sql/quote.h"
#include "tarn/sql/words.h"

namespace tarn::lake {
namespace {

using sql::AlterStatement;
using sql::AlterThen;

constexpr std::string_view kWidening = "delta.enableTypeWidening";

class Alter {
  public:
    Alter(Lake::Impl& lake, Entry& entry, const sql::TableStatement& statement, sql::Engine& engine)
        : lake_(lake),
          entry_(entry),
          statement_(statement),
          alter_(statement.alter),
          engine_(engine) {}

    Result<ChangeOutcome> run() {
        TARN_TRY(const auto there, lake_.snapshot(statement_.table));
        TARN_RETURN_IF_ERROR(delta::check_writable(there->protocol, *there->metadata));
        ChangeOutcome outcome{.version = there->version};
        edit_.emplace(*there);
        TARN_TRY(const auto changed, change(*there));
        if (!changed) return outcome;
        edit_->finish();
        TARN_RETURN_IF_ERROR(check(*there));
        delta::CommitRequest commit;
        commit.time = lake_.context.clock.now();
        commit.adds = std::move(numbered_);
        commit.domains = std::move(domains_);
        commit.metadata = std::move(edit_->metadata);
        commit.protocol = std::move(edit_->protocol);
        commit.info.operation = operation_;
        commit.info.parameters = std::move(parameters_);
        commit.info.engine = kEngine;
        commit.info.txn_id = lake_.new_uuid().str();
        commit.info.blind_append = false;
        // A rule for rows that stand was tested on those of this version.
        commit.reads = tests_rows_ ? delta::Reads{delta::Isolation::kSerializable, nullptr}
                                   : delta::Reads::nothing();
        TARN_RETURN_IF_ERROR(lake_.context.failpoints.hit("lake.before_evolve"));
        MutexLock lock(entry_.appending);
        TARN_TRY(auto made, entry_.table.commit(std::move(commit), *there, lake_.steps()));
        outcome.version = made.version;
        outcome.committed = true;
        lake_.tell(statement_.table);
        return outcome;
    }

  private:
    std::unexpected<Error> wrong(std::string what) const {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("table {}: {}", statement_.table, std::move(what)));
    }
    bool is_partition(const std::string& name) const {
        return std::ranges::find(edit_->metadata.partition_columns, name) !=
               edit_->metadata.partition_columns.end();
    }
    void says(std::string operation, std::vector<std::pair<std::string, std::string>> parameters) {
        operation_ = std::move(operation);
        parameters_ = std::move(parameters);
    }

    // False: it is so already.
    Result<bool> change(const delta::Snapshot& there) {
        if (alter_.then == AlterThen::kAddColumn) return add();
        if (alter_.then == AlterThen::kSetProperties) return set_properties(there);
        if (alter_.then == AlterThen::kAddCheck) return add_check(there);
        if (alter_.then == AlterThen::kDropCheck) return drop_check();
        if (alter_.then == AlterThen::kClusterBy) return cluster(there);
        if (alter_.then == AlterThen::kSetComment && alter_.column.empty()) {
            edit_->metadata.description = alter_.text;
            says("SET COMMENT", {});
            return true;
        }
        auto place = delta::find_field(edit_->schema, alter_.column);
        if (!place && alter_.if_exists) return false;
        if (!place) return wrong("it has no column " + delta::dotted(alter_.column));
        column_ = delta::dotted(place->path);
        says("CHANGE COLUMN", {{"column", column_}});
        if (alter_.then == AlterThen::kSetType) return set_type(*place);
        if (alter_.then == AlterThen::kDropRequired) return drop_required(*place);
        if (!place->is_named())
            return wrong(fmt::format("{} is what {} holds: it has a type and nothing else", column_,
                                     delta::type_name(place->owner->type)));
        auto& field = place->field();
        switch (alter_.then) {
            case AlterThen::kDropColumn:
                return drop(*place, there);
            case AlterThen::kRenameColumn:
                return rename(*place);
            case AlterThen::kMoveColumn:
                return move(*place);
            case AlterThen::kSetRequired:
                return set_required(*place, there);
            case AlterThen::kSetComment:
                delta::set_comment(field, alter_.text);
                return true;
            default:
                return fail(ErrorCode::kInternal, "no such change of a column");
        }
    }

    // Where a field goes, by the one that it shall stand behind; at the end if nothing is said.
    Result<size_t> position(const AlterStatement& alter,
                            const std::vector<delta::Field>& siblings) const {
        if (!alter.after) return siblings.size();
        if (alter.after->empty()) return size_t(0);
        const auto at = delta::find_name(siblings, *alter.after);
        if (!at) return wrong(fmt::format("beside {} is no {}", column_, *alter.after));
        return *at + 1;
    }
    Result<bool> add() {
        std::vector<std::string> added;
        TARN_RETURN_IF_ERROR(add(alter_, added));
        for (const auto& one : alter_.more)
            TARN_RETURN_IF_ERROR(add(one, added));
        if (added.empty()) return false;
        says("ADD COLUMNS", {{"columns", json_list(added)}});
        return true;
    }
    Status add(const AlterStatement& alter, std::vector<std::string>& added) {
        auto* siblings = &edit_->schema.fields;
        auto path = alter.column;
        path.pop_back();
        if (!path.empty()) {
            const auto parent = delta::find_field(edit_->schema, path);
            if (!parent) return wrong("it has no column " + delta::dotted(path));
            path = parent->path;
            auto& type = parent->field().type;
            if (type.kind != delta::TypeKind::kStruct)
                return wrong(fmt::format("{} is {}, and only a struct has fields{}",
                                         delta::dotted(path), delta::type_name(type),
                                         where_inside(type)));
            siblings = &type.fields;
        }
        path.push_back(alter.column.back());
        column_ = delta::dotted(path);
        if (delta::find_name(*siblings, path.back())) {
            if (alter.if_not_exists) return {};
            return wrong("it has a column " + column_);
        }
        TARN_TRY(const auto at, position(alter, *siblings));
        delta::Field field;
        field.name = path.back();
        field.type = alter.type;
        if (!alter.text.empty()) delta::set_comment(field, alter.text);
        edit_->add_ids(field, [this] { return lake_.new_uuid().str(); });
        siblings->insert(siblings->begin() + ptrdiff_t(at), std::move(field));
        added.push_back(column_);
        return {};
    }
    static std::string where_inside(const delta::DataType& type) {
        if (type.kind == delta::TypeKind::kArray) return "; those of an array's are in .element";
        if (type.kind == delta::TypeKind::kMap) return "; those of a map's are in .key and .value";
        return {};
    }
    Result<bool> cluster(const delta::Snapshot& there) {
        const auto before = delta::clustering_columns(there);
        auto columns = delta::check_clustering(there, alter_.cluster_by);
        if (!columns) return wrong(columns.error().message());
        if (*columns == before) return false;
        edit_->protocol = delta::with_clustering(edit_->protocol);
        domains_.push_back(delta::clustering_domain(edit_->schema, edit_->mapping(), *columns));
        auto texts = [](const std::vector<delta::FieldPath>& paths) {
            std::vector<std::string> out;
            for (const auto& path : paths)
                out.push_back(delta::dotted(path));
            return json_list(out);
        };
        says("CLUSTER BY",
             {{"oldClusteringColumns", texts(before)}, {"newClusteringColumns", texts(*columns)}});
        return true;
    }
    // Whether the table is clustered by a field, or by one inside of it.
    static bool clusters(const delta::Snapshot& table, const delta::FieldPath& path) {
        return std::ranges::any_of(delta::clustering_columns(table), [&](const auto& column) {
            return column.size() >= path.size() &&
                   std::equal(path.begin(), path.end(), column.begin());
        });
    }
    Result<bool> drop(const delta::FieldPlace& place, const delta::Snapshot& there) {
        const bool column = place.path.size() == 1;
        if (clusters(there, place.path))
            return wrong(
                fmt::format("it is clustered by {}: ALTER TABLE … CLUSTER BY other columns "
                            "or NONE first",
                            column_));
        if (column && is_partition(place.path[0])) return wrong("it is partitioned by " + column_);
        const auto others =
            place.siblings->size() - (column ? edit_->metadata.partition_columns.size() : 0);
        if (others <= 1)
            return wrong(column ? "the last column of its files stays"
                                : column_ + " is the last field of its struct, which stays");
        const auto path = place.path;
        edit_->map_columns();
        const auto at = delta::find_field(edit_->schema, path);
        at->siblings->erase(at->siblings->begin() + ptrdiff_t(at->index));
        rename_in_statistics(column_, "");
        says("DROP COLUMNS", {{"columns", json_list({column_})}});
        return true;
    }
    Result<bool> rename(const delta::FieldPlace& place) {
        auto path = place.path;
        if (alter_.name == path.back()) return false;
        if (delta::find_name(*place.siblings, alter_.name).value_or(place.index) != place.index)
            return wrong("it has a column " + alter_.name);
        edit_->map_columns();
        delta::find_field(edit_->schema, path)->field().name = alter_.name;
        if (path.size() == 1)
            std::ranges::replace(edit_->metadata.partition_columns, path[0], alter_.name);
        path.back() = alter_.name;
        rename_in_statistics(column_, delta::dotted(path));
        says("RENAME COLUMN", {{"oldColumnPath", column_}, {"newColumnPath", delta::dotted(path)}});
        return true;
    }
    // In the list of columns that have statistics; without a new name it goes.
    void rename_in_statistics(const std::string& from, const std::string& to) {
        auto& configuration = edit_->metadata.configuration;
        const auto at = std::ranges::find(configuration, "delta.dataSkippingStatsColumns",
                                          &delta::StringMap::value_type::first);
        if (at == configuration.end() || !at->second) return;
        std::string list;
        for (auto rest = std::string_view(*at->second); !rest.empty();) {
            const auto comma = std::min(rest.find(','), rest.size());
            auto name = std::string(rest.substr(0, comma));
            rest.remove_prefix(std::min(comma + 1, rest.size()));
            name.erase(0, std::min(name.find_first_not_of(' '), name.size()));
            name.erase(name.find_last_not_of(' ') + 1);
            if (name == from || name.starts_with(from + "."))
                name = to.empty() ? to : to + name.substr(from.size());
            if (!name.empty()) list += (list.empty() ? "" : ",") + name;
        }
        at->second = list;
    }
    Result<bool> move(const delta::FieldPlace& place) {
        auto& siblings = *place.siblings;
        if (alter_.after && same_but_case(*alter_.after, place.path.back()))
            return wrong(column_ + " cannot stand behind itself");
        TARN_TRY(auto to, position(alter_, siblings));
        const auto from = place.index;
        if (to > from) --to;
        if (to == from) return false;
        auto field = std::move(siblings[from]);
        siblings.erase(siblings.begin() + ptrdiff_t(from));
        siblings.insert(siblings.begin() + ptrdiff_t(to), std::move(field));
        says("CHANGE COLUMN",
             {{"column", column_},
              {"position", alter_.after->empty() ? "FIRST" : "AFTER " + *alter_.after}});
        return true;
    }
    Result<bool> set_type(const delta::FieldPlace& place) {
        const auto& type = place.field().type;
        if (type == alter_.type) return false;
        if (!delta::can_widen(type, alter_.type))
            return wrong(fmt::format("column {} is {}, and not each of its values is one of {}",
                                     column_, delta::type_name(type),
                                     delta::type_name(alter_.type)));
        auto& configuration = edit_->metadata.configuration;
        std::erase_if(configuration, [](const auto& one) { return one.first == kWidening; });
        configuration.emplace_back(std::string(kWidening), "true");
        delta::widen(place, alter_.type);
        return true;
    }
    Result<bool> drop_required(const delta::FieldPlace& place) const {
        if (!place.is_named() && place.holder->kind == delta::TypeKind::kMap && place.index == 0)
            return wrong("no key of a map is NULL");
        // What an array or a map holds: its type says whether that may be NULL.
        auto& may = place.is_named() ? place.field().nullable : place.holder->contains_null;
        if (may) return false;
        may = true;
        return true;
    }
    Result<bool> set_required(const delta::FieldPlace& place, const delta::Snapshot& there) {
        auto& field = place.field();
        if (!field.nullable) return false;
        if (place.in_collection)
            return wrong(column_ + " is inside of an array or a map, where Delta has no NOT NULL");
        field.nullable = false;
        const auto& columns = edit_->schema.fields;
        const auto& column = columns[delta::find_name(columns, place.path[0]).value_or(0)];
        TARN_TRY(const auto count, rows_where(there, sql::has_missing(column)));
        if (count > 0) return wrong(fmt::format("column {} is NULL in {} rows", column_, count));
        tests_rows_ = true;
        return true;
    }
    Result<int64_t> rows_where(const delta::Snapshot& there, const std::string& condition) {
        TARN_TRY(auto session, lake_.context.engine.session());
        const sql::GivenFiles given(
            *session, {std::make_shared<const delta::Snapshot>(there), there.files.all()});
        TARN_TRY(auto found, session->query_columns(fmt::format("SELECT count(*) FROM {} WHERE {}",
                                                                given.text(), condition)));
        return found.columns[0].values<int64_t>()[0];
    }
    // What the table will be.
    delta::Snapshot altered(const delta::Snapshot& there) const {
        auto out = there;
        out.metadata = std::make_shared<const delta::Metadata>(edit_->metadata);
        out.schema = std::make_shared<const delta::Schema>(edit_->schema);
        return out;
    }
    std::string check_key() const { return "delta.constraints." + alter_.name; }
    Result<bool> add_check(const delta::Snapshot& there) {
        if (delta::find(edit_->metadata.configuration, check_key()))
            return wrong("it has a constraint " + alter_.name);
        edit_->metadata.configuration.emplace_back(check_key(), alter_.text);
        TARN_TRY(const auto rules, row_rules(engine_, altered(there)));
        TARN_TRY(const auto count,
                 rows_where(there, fmt::format("CASE WHEN ({}) THEN false ELSE true END",
                                               rules.checks.back().sql)));
        if (count > 0) return wrong(fmt::format("{} rows do not hold to {}", count, alter_.text));
        tests_rows_ = true;
        says("ADD CONSTRAINT", {{"name", alter_.name}, {"expr", alter_.text}});
        return true;
    }
    Result<bool> drop_check() {
        const auto gone = std::erase_if(edit_->metadata.configuration,
                                        [&](const auto& one) { return one.first == check_key(); });
        if (gone == 0 && alter_.if_exists) return false;
        if (gone == 0) return wrong("it has no constraint " + alter_.name);
        says("DROP CONSTRAINT", {{"name", alter_.name}});
        return true;
    }
    // Rows that are there get ids as those that come do: their files are named once more.
    Status number_all(const delta::Snapshot& there) {
        for (const auto& file : there.files.all()) {
            if (file->base_row_id && file->default_row_commit_version) continue;
            if (file->records < 0)
                return fail(errors::kTableFeature,
                            fmt::format("this version of Tarn does not set {} where a file's rows "
                                        "are not counted in the log: {}",
                                        delta::kEnableRowTracking, file->path));
            auto& add = numbered_.emplace_back(*file);
            add.base_row_id = add.default_row_commit_version = std::nullopt;
            add.data_change = false;
        }
        tests_rows_ = true;  // none may come without
        return {};
    }
    Result<bool> set_properties(const delta::Snapshot& there) {
        auto& configuration = edit_->metadata.configuration;
        const auto before = configuration;
        for (const auto& [key, value] : statement_.properties) {
            TARN_RETURN_IF_ERROR(check_property(key, value));
            if (key.starts_with("delta.columnMapping."))
                return wrong("property " + key + " is not set by hand: a rename maps columns");
            std::erase_if(configuration, [&](const auto& one) { return one.first == key; });
            if (!value.empty()) configuration.emplace_back(key, value);
        }
        if (configuration == before) return false;
        TARN_RETURN_IF_ERROR(
            delta::name_row_columns(edit_->metadata, [this] { return lake_.new_uuid().str(); }));
        if (altered(there).is_true(delta::kEnableRowTracking) &&
            !there.is_true(delta::kEnableRowTracking))
            TARN_RETURN_IF_ERROR(number_all(there));
        says("SET TBLPROPERTIES", statement_.properties);
        return true;
    }

    Status check_case(const std::vector<delta::Field>& fields) const {
        for (const auto& a : fields) {
            for (const auto& b : fields)
                if (&a < &b && same_but_case(a.name, b.name))
                    return wrong(
                        fmt::format("columns {} and {} differ in case alone", a.name, b.name));
            TARN_RETURN_IF_ERROR(check_case(a.type.fields));
        }
        return {};
    }
    // A CHECK or generated column that names the field of a struct that goes or gets another name.
    std::optional<std::string> rule_of_field(const delta::Snapshot& there) const {
        const bool goes =
            alter_.then == AlterThen::kDropColumn || alter_.then == AlterThen::kRenameColumn;
        if (!goes || !column_.contains('.')) return std::nullopt;
        const auto names_it = [&](std::string text) {
            std::ranges::replace(text, '`', '"');  // Spark's quotes, as ours
            const sql::Words words(std::move(text));
            for (size_t i = 0; i < words.size(); ++i) {
                const auto name = words.name(i, words.behind_name(i)) + ".";
                if (same_but_case(std::string_view(name).substr(0, column_.size() + 1),
                                  column_ + "."))
                    return true;
            }
            return false;
        };
        const auto rules = row_rules(engine_, there);
        if (!rules) return std::nullopt;
        for (const auto& check : rules->checks)
            if (names_it(check.text)) return "CHECK " + check.name;
        for (const auto& [column, expression] : rules->generated)
            if (names_it(expression)) return "the generated column " + column;
        return std::nullopt;
    }
    // With mapped columns a name may have any character; without, Delta's rule holds.
    Status check(const delta::Snapshot& there) const {
        // A column that a rule names stays.
        if (alter_.then == AlterThen::kDropColumn || alter_.then == AlterThen::kRenameColumn)
            if (auto rules = row_rules(engine_, altered(there)); !rules)
                return fail(std::move(rules).error());
        if (const auto rule = rule_of_field(there))
            return wrong(fmt::format("{} names {}, which stays", *rule, column_));
        if (edit_->mapping() == delta::ColumnMapping::kNone)
            TARN_RETURN_IF_ERROR(delta::check_names(edit_->schema));
        TARN_RETURN_IF_ERROR(check_case(edit_->schema.fields));
        return delta::check_writable(edit_->protocol, edit_->metadata);
    }

    Lake::Impl& lake_;
    Entry& entry_;
    const sql::TableStatement& statement_;
    const AlterStatement& alter_;
    sql::Engine& engine_;
    std::optional<delta::TableEdit> edit_;
    std::string column_;  // with dots, as the table spells it
    std::string operation_;
    std::vector<std::pair<std::string, std::string>> parameters_;
    std::vector<delta::DomainMetadata> domains_;
    std::vector<delta::AddFile> numbered_;  // files that get ids for their rows
    bool tests_rows_ = false;
};

}  // namespace

Result<ChangeOutcome> Lake::alter_table(const sql::TableStatement& statement, sql::Engine& engine) {
    TARN_TRY(auto entry, impl_->entry(statement.table));
    return Alter(*impl_, *entry, statement, engine).run();
}

}  // namespace tarn::lake
