// Random histories of tables whose columns hold structs, arrays and maps in each other: fields
// come, go, get another name, place and type, by ALTER TABLE and by what comes, between statements
// that change rows. After each step the table's rows and types are those of an oracle that keeps
// rows as JSON and does to each what the statement says.

#include <gtest/gtest.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lake_test_support.h"
#include "tarn/io/simulated_disk.h"
#include "tarn/lake/create_table.h"
#include "tarn/lake/maintain.h"

namespace tarn::lake {
namespace {

using nlohmann::json;
using testing::problem;
using testing::World;

struct Type {
    enum Kind { kInt, kLong, kText, kStruct, kList, kMap } kind = kInt;
    std::vector<std::pair<std::string, Type>> fields;  // "element" of a list, "value" of a map

    std::string sql() const {
        switch (kind) {
            case kInt:
                return "INTEGER";
            case kLong:
                return "BIGINT";
            case kText:
                return "VARCHAR";
            case kList:
                return fields[0].second.sql() + "[]";
            case kMap:
                return "MAP(VARCHAR, " + fields[0].second.sql() + ")";
            case kStruct:
                break;
        }
        std::string out;
        for (const auto& [name, type] : fields)
            out += fmt::format("{}{} {}", out.empty() ? "" : ", ", name, type.sql());
        return "STRUCT(" + out + ")";
    }
    const Type* find(const std::string& name) const {
        for (const auto& field : fields)
            if (field.first == name) return &field.second;
        return nullptr;
    }
};

// A value as rows of this type have it: fields that it lacks are null.
json as_type(const json& value, const Type& type) {
    if (value.is_null()) return value;
    json out = value;
    if (type.kind == Type::kStruct) {
        out = json::object();
        for (const auto& [name, inner] : type.fields)
            out[name] = as_type(value.contains(name) ? value[name] : json(), inner);
    } else if (type.kind == Type::kList || type.kind == Type::kMap) {
        for (auto& one : out)
            one = as_type(one, type.fields[0].second);
    }
    return out;
}

// Each struct of this path in a value.
template <class F>
void each_struct(json& value, const std::vector<std::string>& path, size_t at, F&& f) {
    if (value.is_null()) return;
    if (at == path.size()) return f(value);
    if (path[at] == "element" || path[at] == "value") {
        for (auto& one : value)
            each_struct(one, path, at + 1, f);
    } else {
        each_struct(value[path[at]], path, at + 1, f);
    }
}

void merge_into(Type& to, const Type& from) {
    if (to.kind != from.kind) return;
    for (const auto& [name, type] : from.fields) {
        auto* there = const_cast<Type*>(to.find(name));
        if (there)
            merge_into(*there, type);
        else
            to.fields.emplace_back(name, type);
    }
}

std::string literal(const json& value, const Type& type) {
    if (value.is_null()) return "NULL";
    if (value.is_number()) return value.dump();
    if (value.is_string()) return "'" + value.get<std::string>() + "'";
    std::string out;
    if (type.kind == Type::kList || type.kind == Type::kMap) {
        for (auto one = value.begin(); one != value.end(); ++one) {
            if (!out.empty()) out += ", ";
            if (type.kind == Type::kMap) out += "'" + one.key() + "': ";
            out += literal(*one, type.fields[0].second);
        }
        return fmt::format("CAST({} AS {})",
                           type.kind == Type::kMap ? "MAP {" + out + "}" : "[" + out + "]",
                           type.sql());
    }
    for (const auto& [name, inner] : type.fields)
        out +=
            fmt::format("{}'{}': {}", out.empty() ? "" : ", ", name, literal(value[name], inner));
    return fmt::format("CAST({{{}}} AS {})", out, type.sql());
}

class NestedHistory {
  public:
    explicit NestedHistory(uint64_t seed) : random_(seed) {}

    void run() {
        columns_ = {Type::kStruct, {{"id", {Type::kInt, {}}}}};
        for (int i = 0; i < 3; ++i)
            columns_.fields.emplace_back(free_name(columns_), any_type(0));
        std::string list;
        for (const auto& [name, type] : columns_.fields)
            list += fmt::format("{}{} {}", list.empty() ? "" : ", ", name, type.sql());
        on_lake(
            fmt::format("CREATE TABLE a.t ({}) WITH ('delta.enableDeletionVectors'='{}', "
                        "'delta.columnMapping.mode'='{}')",
                        list, random_.chance(0.5), random_.chance(0.4) ? "name" : "none"));
        for (int step = 0; step < 22 && !::testing::Test::HasFailure(); ++step) {
            one();
            if (!::testing::Test::HasFailure()) compare();
        }
    }

  private:
    using Path = std::vector<std::string>;

    std::string free_name(const Type& in) {
        for (;;) {
            const std::string name(1, char('a' + random_.below(6)));
            if (!in.find(name)) return name;
            const auto longer = name + std::to_string(random_.below(5));
            if (!in.find(longer)) return longer;
        }
    }
    Type any_type(int depth) {
        const auto choice = random_.below(depth >= 3 ? 3 : 7);
        if (choice < 3) return {Type::Kind(choice), {}};
        if (choice == 3) return {Type::kList, {{"element", any_type(depth + 1)}}};
        if (choice == 4) return {Type::kMap, {{"value", any_type(depth + 1)}}};
        Type out{Type::kStruct, {}};
        for (auto count = 1 + random_.below(3); count > 0; --count)
            out.fields.emplace_back(free_name(out), any_type(depth + 1));
        return out;
    }
    json any_value(const Type& type) {
        if (random_.chance(0.2)) return nullptr;
        json out;
        switch (type.kind) {
            case Type::kInt:
                return int64_t(random_.below(1000));
            case Type::kLong:
                return 5'000'000'000 + int64_t(random_.below(1000));
            case Type::kText:
                return "t" + std::to_string(random_.below(100));
            case Type::kStruct:
                out = json::object();
                for (const auto& [name, inner] : type.fields)
                    out[name] = any_value(inner);
                return out;
            case Type::kList:
                out = json::array();
                for (auto count = random_.below(3); count > 0; --count)
                    out.push_back(any_value(type.fields[0].second));
                return out;
            case Type::kMap:
                out = json::object();
                for (auto count = random_.below(3); count > 0; --count)
                    out["k" + std::to_string(count)] = any_value(type.fields[0].second);
                return out;
        }
        return out;
    }

    // Paths of all structs, the row itself first.
    void structs(const Type& type, Path& path, std::vector<Path>& out) const {
        if (type.kind == Type::kStruct) out.push_back(path);
        for (const auto& [name, inner] : type.fields) {
            path.push_back(name);
            structs(inner, path, out);
            path.pop_back();
        }
    }
    Path any_struct() {
        std::vector<Path> all;
        Path path;
        structs(columns_, path, all);
        return all[random_.below(all.size())];
    }
    Type& at(const Path& path) {
        auto* type = &columns_;
        for (const auto& name : path)
            type = const_cast<Type*>(type->find(name));
        return *type;
    }
    static std::string dots(const Path& path, const std::string& name) {
        std::string out;
        for (const auto& part : path)
            out += part + ".";
        return out + name;
    }
    // A field of this struct, never the column id.
    std::optional<size_t> any_field(const Path& path) {
        const auto& fields = at(path).fields;
        const auto index = random_.below(fields.size());
        if (fields[index].first == "id") return std::nullopt;
        return index;
    }

    void one() {
        switch (random_.below(rows_.empty() ? 2 : 14)) {
            case 0:
            case 1:
                return insert();
            case 2:
                return add();
            case 3:
                return drop();
            case 4:
            case 5:
                return rename();
            case 6:
                return move();
            case 7:
                return widen();
            case 8:
                return update();
            case 9:
            case 10:
                return merge();
            case 11:
                return remove();
            case 12:
                return wrong_field();
            default:
                return optimize();
        }
    }
    void add() {
        const auto path = any_struct();
        auto& to = at(path);
        const auto name = free_name(to);
        const auto type = any_type(int(path.size()) + 1);
        auto index = to.fields.size();
        std::string place;
        if (const auto choice = random_.below(3); choice == 1) {
            index = 0, place = " FIRST";
        } else if (choice == 2) {
            index = 1 + random_.below(to.fields.size());
            place = " AFTER " + to.fields[index - 1].first;
        }
        on_lake(
            fmt::format("ALTER TABLE a.t ADD COLUMN {} {}{}", dots(path, name), type.sql(), place));
        to.fields.insert(to.fields.begin() + ptrdiff_t(index), {name, type});
    }
    void drop() {
        const auto path = any_struct();
        const auto field = any_field(path);
        auto& from = at(path);
        if (!field || from.fields.size() < 2) return;
        const auto name = from.fields[*field].first;
        on_lake(fmt::format("ALTER TABLE a.t DROP COLUMN {}", dots(path, name)));
        from.fields.erase(from.fields.begin() + ptrdiff_t(*field));
        for (auto& row : rows_)
            each_struct(row, path, 0, [&](json& value) { value.erase(name); });
    }
    void rename() {
        const auto path = any_struct();
        const auto field = any_field(path);
        if (!field) return;
        auto& from = at(path);
        const auto old = from.fields[*field].first, name = free_name(from);
        on_lake(fmt::format("ALTER TABLE a.t RENAME COLUMN {} TO {}", dots(path, old), name));
        from.fields[*field].first = name;
        for (auto& row : rows_)
            each_struct(row, path, 0, [&](json& value) {
                value[name] = value.contains(old) ? value[old] : json();
                value.erase(old);
            });
    }
    void move() {
        const auto path = any_struct();
        auto& in = at(path);
        const auto from = random_.below(in.fields.size());
        auto moved = in.fields[from];
        const auto text = fmt::format("ALTER TABLE a.t ALTER COLUMN {} ", dots(path, moved.first));
        in.fields.erase(in.fields.begin() + ptrdiff_t(from));
        const auto to = random_.below(in.fields.size() + 1);
        on_lake(text + (to == 0 ? "FIRST" : "AFTER " + in.fields[to - 1].first));
        in.fields.insert(in.fields.begin() + ptrdiff_t(to), moved);
    }
    // All integers of a random struct, also those that its arrays and maps hold.
    void widen() {
        const auto path = any_struct();
        for (auto& [name, type] : at(path).fields) {
            auto* inner = &type;
            auto text = dots(path, name);
            while (inner->kind == Type::kList || inner->kind == Type::kMap) {
                text += "." + inner->fields[0].first;
                inner = &inner->fields[0].second;
            }
            if (inner->kind != Type::kInt || name == "id") continue;
            on_lake(fmt::format("ALTER TABLE a.t ALTER COLUMN {} SET DATA TYPE BIGINT", text));
            inner->kind = Type::kLong;
        }
    }

    // Some rows of a type near to the table's: with fields that it has not, without some it has.
    Type near() {
        auto out = columns_;
        std::vector<Path> all;
        Path path;
        structs(out, path, all);
        for (auto count = random_.below(3); count > 0; --count) {
            auto* type = &out;
            for (const auto& name : all[random_.below(all.size())])
                if (const auto* inner = type->find(name)) type = const_cast<Type*>(inner);
            if (type->kind != Type::kStruct) continue;
            if (random_.chance(0.5) && type->fields.size() > 2) {
                const auto gone = 1 + random_.below(type->fields.size() - 1);
                if (type->fields[gone].first != "id")
                    type->fields.erase(type->fields.begin() + ptrdiff_t(gone));
            }
            type->fields.emplace_back("n" + std::to_string(next_id_++), any_type(3));
        }
        return out;
    }
    static std::string select(const std::vector<json>& rows, const Type& type) {
        std::string out;
        for (const auto& row : rows) {
            std::string list;
            for (const auto& [name, inner] : type.fields)
                list += fmt::format("{}CAST({} AS {}) AS {}", list.empty() ? "" : ", ",
                                    literal(row[name], inner), inner.sql(), name);
            out += (out.empty() ? "SELECT " : " UNION ALL SELECT ") + list;
        }
        return out;
    }
    std::vector<json> fresh_rows(const Type& type, bool some_stand) {
        std::vector<json> out;
        for (auto count = 1 + random_.below(5); count > 0; --count) {
            auto& row = out.emplace_back(json::object());
            for (const auto& [name, inner] : type.fields)
                row[name] = any_value(inner);
            row["id"] = some_stand && random_.chance(0.5) && count <= rows_.size()
                            ? rows_[count - 1]["id"]
                            : json(next_id_++);
        }
        return out;
    }
    void insert() {
        const bool evolves = random_.chance(0.5);
        const auto type = evolves ? near() : columns_;
        const auto rows = fresh_rows(type, false);
        on_lake(fmt::format("INSERT {}INTO a.t BY NAME {}", evolves ? "WITH SCHEMA EVOLUTION " : "",
                            select(rows, type)));
        merge_into(columns_, type);
        rows_.insert(rows_.end(), rows.begin(), rows.end());
    }
    void merge() {
        const auto type = near();
        const auto rows = fresh_rows(type, true);
        on_lake(
            fmt::format("MERGE WITH SCHEMA EVOLUTION INTO a.t AS t USING ({}) AS s ON t.id = "
                        "s.id WHEN MATCHED THEN UPDATE WHEN NOT MATCHED THEN INSERT",
                        select(rows, type)));
        merge_into(columns_, type);
        for (const auto& row : rows) {
            const auto there = std::ranges::find_if(
                rows_, [&](const json& one) { return one["id"] == row["id"]; });
            if (there == rows_.end())
                rows_.push_back(row);
            else
                there->update(row);
        }
    }
    void update() {
        const auto field = any_field({});
        if (!field) return;
        const auto& [name, type] = columns_.fields[*field];
        if (name == "id") return;
        const auto value = any_value(type);
        const auto part = random_.below(3);
        on_lake(fmt::format("UPDATE a.t SET {} = {} WHERE id % 3 = {}", name, literal(value, type),
                            part));
        for (auto& row : rows_)
            if (row["id"].get<uint64_t>() % 3 == part) row[name] = value;
    }
    void remove() {
        const auto part = random_.below(7);
        on_lake(fmt::format("DELETE FROM a.t WHERE id % 7 = {}", part));
        std::erase_if(rows_,
                      [&](const json& row) { return row["id"].get<uint64_t>() % 7 == part; });
    }
    // A value with a field too many is refused, not cut.
    void wrong_field() {
        for (const auto& [name, type] : columns_.fields) {
            if (type.kind != Type::kStruct) continue;
            auto more = type;
            more.fields.emplace_back("zz", Type{Type::kInt, {}});
            auto value = any_value(more);
            if (value.is_null()) return;
            auto parsed = sql::parse_table_statement(
                *world_.engine,
                fmt::format("INSERT INTO a.t (id, {}) SELECT 1, {}", name, literal(value, more)),
                false);
            ASSERT_TRUE(parsed && *parsed);
            const auto told = run_statement(*world_.lake, *world_.engine, **parsed);
            ASSERT_FALSE(told);
            EXPECT_NE(told.error().message().find(name + ".zz"), std::string::npos)
                << told.error().message();
            return;
        }
    }
    void optimize() {
        OptimizeRequest request;
        request.table = "a.t";
        const auto made = world_.lake->optimize(request);
        ASSERT_TRUE(made) << made.error().message();
        said_ += "OPTIMIZE\n";
    }

    void compare() {
        SCOPED_TRACE(said_);
        auto session = std::move(*world_.engine->session());
        const auto scan = world_.scan("a.t");
        auto types = session->query_columns("DESCRIBE SELECT * FROM " + scan);
        ASSERT_TRUE(types) << types.error().message();
        std::string is, expected;
        for (size_t row = 0; row < types->row_count; ++row)
            is += fmt::format("{} {}\n", types->columns[0].text(row), types->columns[1].text(row));
        for (const auto& [name, type] : columns_.fields)
            expected += fmt::format("{} {}\n", name, quoted(type));
        ASSERT_EQ(is, expected);
        auto found = session->query_columns(
            fmt::format("SELECT to_json(t)::VARCHAR FROM {} t ORDER BY id", scan));
        ASSERT_TRUE(found) << found.error().message();
        std::ranges::sort(rows_, {}, [](const json& row) { return row["id"].get<int64_t>(); });
        ASSERT_EQ(found->row_count, rows_.size());
        for (size_t row = 0; row < rows_.size(); ++row) {
            rows_[row] = as_type(rows_[row], columns_);
            ASSERT_EQ(json::parse(found->columns[0].text(row)).dump(), rows_[row].dump());
        }
        filter(*session, scan);
        EXPECT_EQ(problem(world_.lake->verify("a.t")), "");
    }
    // What is asked of one field, of a struct in a struct: files may be passed over by statistics.
    void filter(sql::Session& session, const std::string& scan) {
        Path path;
        const auto* type = &columns_;
        while (type->kind == Type::kStruct) {
            const auto& [name, inner] = type->fields[random_.below(type->fields.size())];
            path.push_back(name);
            type = &inner;
        }
        if (type->kind > Type::kText) return;
        const auto column = fmt::format("{}", fmt::join(path, "."));
        json wanted;
        size_t count = 0;
        auto value_of = [&](const json& row) {
            json value = row;
            for (const auto& name : path)
                value = value.is_null() ? json() : value[name];
            return value;
        };
        if (!rows_.empty()) wanted = value_of(rows_[random_.below(rows_.size())]);
        for (const auto& row : rows_)
            count += value_of(row) == wanted;
        auto found = session.query_columns(
            fmt::format("SELECT count(*) FROM {} t WHERE t.{} IS NOT DISTINCT FROM {} AND t.{} {}",
                        scan, column, literal(wanted, *type), column,
                        wanted.is_null() ? "IS NULL" : "= " + literal(wanted, *type)));
        ASSERT_TRUE(found) << found.error().message();
        EXPECT_EQ(found->columns[0].values<int64_t>()[0], int64_t(count)) << column;
    }
    static std::string quoted(const Type& type) {
        if (type.kind == Type::kList) return quoted(type.fields[0].second) + "[]";
        if (type.kind == Type::kMap) return "MAP(VARCHAR, " + quoted(type.fields[0].second) + ")";
        if (type.kind != Type::kStruct) return type.sql();
        std::string out;
        for (const auto& [name, inner] : type.fields)
            out += fmt::format("{}{} {}", out.empty() ? "" : ", ", name, quoted(inner));
        return "STRUCT(" + out + ")";
    }
    void on_lake(const std::string& text) {
        said_ += text + "\n";
        SCOPED_TRACE(said_);
        auto statement = sql::parse_table_statement(*world_.engine, text, false);
        ASSERT_TRUE(statement) << statement.error().message();
        ASSERT_TRUE(*statement);
        auto outcome = run_statement(*world_.lake, *world_.engine, **statement);
        ASSERT_TRUE(outcome) << outcome.error().message();
    }

    Random random_;
    ManualClock clock_;
    io::SimulatedDisk disk_{1, clock_};
    World world_{disk_, clock_};
    Type columns_;
    std::vector<json> rows_;
    int64_t next_id_ = 1;
    std::string said_;
};

class NestedSchema : public ::testing::TestWithParam<uint64_t> {};

TEST_P(NestedSchema, AHistoryOfChanges) { NestedHistory(GetParam()).run(); }

INSTANTIATE_TEST_SUITE_P(Seeds, NestedSchema, ::testing::Range<uint64_t>(1, 31));

}  // namespace
}  // namespace tarn::lake
