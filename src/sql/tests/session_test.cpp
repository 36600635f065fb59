#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "batches.h"
#include "memory_tables.h"
#include "tarn/sql/engine.h"

namespace tarn::sql {
namespace {

using testing::TempDir;

std::shared_ptr<const codec::ColumnBatch> pages() {
    TestBatch batch(4);
    batch.add<int64_t>("id", ColumnType::kInt64, {1, 2, 3, std::nullopt});
    batch.dictionary("page", {"/home", "/a page with a long name"}, {1, 0, -1, 1});
    return batch.share();
}

struct Sql : testing::Test, Fixture {
    Sql() { tables.tables["bronze.clicks"] = RowsRef{pages()->schema, {pages(), pages()}}; }
};

TEST_F(Sql, ProviderTablesByBothNames) {
    EXPECT_EQ(json("select count(*) as n, sum(id) as s from bronze.clicks where page = '/a page "
                   "with a long name'"),
              "{\"n\":4,\"s\":2}\n");
    EXPECT_EQ(json("select c.page, count(*) as n from clicks c group by all order by 1"),
              "{\"page\":\"/a page with a long name\",\"n\":4}\n{\"page\":\"/home\",\"n\":2}\n"
              "{\"page\":null,\"n\":2}\n");
    EXPECT_EQ(json("select count(*) as n from bronze.clicks a join clicks b using (id)"),
              "{\"n\":12}\n");
}

// In a zone that is UTC by another name DuckDB's calendar answers.
TEST_F(Sql, DatesOfInstantsAreThoseOfTheCalendar) {
    auto run = [&](const char* sql) {
        auto done = session->execute(sql);
        ASSERT_TRUE(done) << done.error().message();
    };
    run("create table times as select make_timestamptz(i * 791986400017 * "
        "(case when i % 2 = 0 then -1 else 1 end)) as t from range(200000) r(i) union all select "
        "unnest([timestamptz '1970-01-01 00:00:00Z', timestamptz '1969-12-31 23:59:59.999999Z', "
        "timestamptz '1582-10-10 12:00:00Z', timestamptz '0001-01-01 00:00:00Z', "
        "'infinity'::timestamptz, '-infinity'::timestamptz, null])");
    run("set TimeZone = 'Etc/UTC'");
    run("create table dates as select t, t::date as d from times");
    run("set TimeZone = 'America/New_York'");
    EXPECT_EQ(json("select d, t::date as here from dates where t = '0001-01-01 00:00:00Z'"),
              "{\"d\":\"0001-01-01\",\"here\":\"0000-12-31\"}\n");
    run("set TimeZone = 'UTC'");
    EXPECT_EQ(json("select count(*) as n, count(t::date) as dates, "
                   "count(*) filter (where t::date is distinct from d) as wrong from dates"),
              "{\"n\":200007,\"dates\":200006,\"wrong\":0}\n");
}

TEST_F(Sql, ManyRowsKeepTheirOrderAndValues) {
    std::vector<std::optional<int64_t>> ids;
    std::vector<std::optional<std::string>> names;
    for (int64_t i = 0; i < 300'000; ++i) {
        ids.push_back(i % 7 ? std::optional(i) : std::nullopt);
        names.push_back(i % 5 ? std::optional("a name longer than twelve " + std::to_string(i))
                              : std::nullopt);
    }
    TestBatch batch(ids.size());
    batch.add<int64_t>("id", ColumnType::kInt64, ids);
    batch.text("name", names);
    tables.tables["m.t"] = RowsRef{batch.share()->schema, {batch.share(), batch.share()}};
    auto result = session->query_columns("select id, name from m.t");
    ASSERT_TRUE(result) << result.error().message();
    ASSERT_EQ(result->row_count, 2 * ids.size());
    for (size_t i = 0; i < result->row_count; ++i) {
        auto& id = ids[i % ids.size()];
        auto& name = names[i % ids.size()];
        ASSERT_EQ(result->columns[0].is_null(i), !id);
        ASSERT_EQ(result->columns[1].is_null(i), !name);
        ASSERT_EQ(result->columns[0].values<int64_t>()[i], id.value_or(0));
        ASSERT_EQ(result->columns[1].text(i), name.value_or(""));
    }
}

TEST_F(Sql, ErrorsSayWhereAndWhatIsNear) {
    auto wrong = json("select count(*)\nfrom bronze.clikcs");
    EXPECT_TRUE(wrong.starts_with("invalid_argument: ")) << wrong;
    EXPECT_NE(wrong.find("Did you mean \"bronze.clicks\"?"), std::string::npos) << wrong;
    EXPECT_NE(wrong.find("LINE 2"), std::string::npos) << wrong;
    EXPECT_NE(wrong.find("^"), std::string::npos) << wrong;
    auto binding = json("select nope from clicks");
    EXPECT_TRUE(binding.starts_with("invalid_argument: ")) << binding;
    EXPECT_NE(binding.find("LINE 1"), std::string::npos) << binding;
    EXPECT_TRUE(json("selec 1").starts_with("invalid_argument: "));
    EXPECT_TRUE(json("select 'x'::int").starts_with("invalid_argument: "));
    EXPECT_TRUE(json("select * from stream('clicks')").starts_with("invalid_argument: "));
    EXPECT_TRUE(json("select * from tarn_rows('0')").starts_with("invalid_argument: "));
    EXPECT_FALSE(engine->failed());
}

TEST_F(Sql, RowsAreCutAtTheLimit) {
    TextSink sink;
    QueryLimits limits;
    limits.max_rows = 3;
    auto stats = session->query("select * from range(10000)", limits, sink);
    ASSERT_TRUE(stats);
    EXPECT_EQ(stats->rows, 3);
    EXPECT_TRUE(stats->truncated);
    EXPECT_EQ(sink.text, "{\"range\":0}\n{\"range\":1}\n{\"range\":2}\n");
    stats = session->query("select * from range(3)", limits, sink);
    ASSERT_TRUE(stats);
    EXPECT_FALSE(stats->truncated);
}

constexpr const char* kEndless =
    "select count(*) from range(10000000000) a where hash(a.range) = 1";

TEST_F(Sql, TimeoutEndsAQuery) {
    QueryLimits limits;
    limits.timeout = Duration::millis(50);
    EXPECT_EQ(json(kEndless, limits), "cancelled: the query took longer than its limit of 50ms");
    EXPECT_EQ(json("select 1 as a"), "{\"a\":1}\n");
}

TEST_F(Sql, InterruptFromAnotherThreadEndsAQuery) {
    std::atomic<bool> done{false};
    std::thread other([&] {
        while (!done) {
            session->interrupt();
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    });
    EXPECT_EQ(json(kEndless), "cancelled: the query was interrupted");
    done = true;
    other.join();
    EXPECT_EQ(json("select 1 as a"), "{\"a\":1}\n");
}

TEST(Engine, MemoryLimitIsAnErrorOfItsOwn) {
    EngineOptions options;
    options.memory_bytes = 32 << 20;
    Fixture f(options);
    auto answer = f.json("select length(list(range)) from range(100000000)");
    EXPECT_TRUE(answer.starts_with("resource_exhausted: ")) << answer;
    EXPECT_EQ(f.json("select 1 as a"), "{\"a\":1}\n");
    EXPECT_FALSE(f.engine->failed());
}

// What a stranger may try; `file` is one that exists.
std::vector<std::string> hostile_statements(const std::string& file) {
    return {
        "select 1; select 2",
        "create table t(a int)",
        "copy (select 1) to 'tarn://" + file + ".out'",
        "copy (select 1) to '" + file + ".out'",
        "attach '" + file + ".db' as x",
        "pragma database_list",
        "set memory_limit = '10GB'",
        "set enable_external_access = true",
        "reset memory_limit",
        "install httpfs",
        "load parquet",
        "call pragma_version()",
        "explain analyze select * from read_csv('" + file + "')",
        "explain analyze copy (select 1) to '" + file + ".out'",
        "explain analyze create table t(a int)",
        "begin",
        "use memory",
        "checkpoint",
        "export database '" + file + ".d'",
        "prepare p as select 1",
        "execute p",
        "drop view if exists pg_settings",
        "select * from read_csv('" + file + "')",
        "select * from read_csv('tarn://" + file + "')",
        "select * from read_parquet('tarn:///etc/passwd')",
        "select * from read_text('/etc/passwd')",
        "select * from read_blob('tarn:///etc/passwd')",
        "select * from glob('/*')",
        "select * from '" + file + "'",
        "select * from 'tarn://" + file + "'",
        "from \"" + file + "\"",
        "select (select count(*) from read_csv('" + file + "'))",
        "with x as (select * from read_text('/etc/passwd')) select * from x",
        "select * from (select * from (select * from read_text('/etc/passwd')))",
        "select 1 where exists (select 1 from glob('/*'))",
        "select * from bronze.clicks, lateral (select * from glob(page))",
        "select [x for x in (select list(file) from glob('/*'))]",
        "select 1 union all select count(*) from glob('/*')",
        "select sum((select count(*) from glob('/*'))) over () from bronze.clicks",
        "select * from query('select 1')",
        "select * from query_table('clicks')",
        "select * from duckdb_settings()",
        "select * from duckdb_secrets()",
        "select * from duckdb_settings",
        "select * from pg_catalog.pg_settings",
        "select * from information_schema.tables",
        "select * from sqlite_master",
        "select * from pragma_user_agent()",
        "select * from duckdb_temporary_files()",
        "select * from sniff_csv('" + file + "')",
        "select current_setting('memory_limit')",
        "select sum(id) export_state from bronze.clicks",
        "select first(page) export_state from bronze.clicks",
        "select finalize('x'::blob)",
        "select combine(1, 2)",
        "select getvariable('x')",
        "select nextval('s')",
        "select write_log('x')",
        "select json_serialize_plan('select * from read_csv(''" + file + "'')')",
        "select * from json_execute_serialized_sql('{}')",
        "select * from tarn_rows('0')",
        "select * from stream('clicks')",
        "show all tables",
        "describe select * from glob('/*')",
        "summarize select * from read_csv('" + file + "')",
        "pivot bronze.clicks on page using count(*)",
    };
}

// What a stranger may try. Everything but a SELECT over the provider's tables is refused, and
// refused as such.
TEST(Engine, RestrictedRefusesHostileSql) {
    EngineOptions options;
    options.restricted = true;
    Fixture f(options);
    f.tables.tables["bronze.clicks"] = RowsRef{pages()->schema, {pages()}};
    auto file = TempDir() + "tarn_restricted_" + std::to_string(getpid()) + ".csv";
    ASSERT_TRUE(f.fs.replace(file, "a,b\n1,2\n"));
    for (auto& sql : hostile_statements(file)) {
        auto answer = f.json(sql);
        EXPECT_TRUE(answer.starts_with("unsupported: ") || answer.starts_with("invalid_argument: "))
            << sql << " → " << answer;
        EXPECT_EQ(answer.find("root:"), std::string::npos) << sql;
        EXPECT_FALSE(f.session->execute(sql)) << sql;
        EXPECT_FALSE(f.session->query_columns(sql)) << sql;
    }
    EXPECT_FALSE(f.engine->failed());
    EXPECT_FALSE(f.fs.exists(file + ".out"));
    EXPECT_EQ(
        f.json(
            "with x as (select page, count(*) as n from bronze.clicks group by 1) "
            "select n from x where page = (select '/home') union all select range from range(2)"),
        "{\"n\":1}\n{\"n\":0}\n{\"n\":1}\n");
    EXPECT_EQ(f.json("select column_name from (describe bronze.clicks) limit 1"),
              "{\"column_name\":\"id\"}\n");
    std::filesystem::remove(file);
}

// Our file system below DuckDB: counts syncs, and fails them when told.
class CountingFiles final : public io::FileSystem {
  public:
    struct Counted final : io::File {
        CountingFiles& files;
        std::unique_ptr<io::File> file;
        Counted(CountingFiles& f, std::unique_ptr<io::File> i) : files(f), file(std::move(i)) {}
        Result<size_t> read_at(uint64_t offset, char* to, size_t n) override {
            return file->read_at(offset, to, n);
        }
        Status write_at(uint64_t offset, std::string_view b) override {
            return file->write_at(offset, b);
        }
        Status sync() override {
            ++files.syncs;
            if (files.fail_sync) return fail(ErrorCode::kIo, "the disk lost its power");
            return file->sync();
        }
        Result<uint64_t> size() override { return file->size(); }
        Status truncate(uint64_t n) override { return file->truncate(n); }
        Status allocate(uint64_t n) override { return file->allocate(n); }
    };
    std::atomic<int> syncs{0};
    bool fail_sync = false;
    io::LocalFileSystem disk;

    Result<std::unique_ptr<io::File>> open(const std::string& p, io::OpenOptions o) override {
        auto file = disk.open(p, o);
        if (!file) return fail(file.error());
        return std::make_unique<Counted>(*this, std::move(*file));
    }
    Result<std::string> read_all(const std::string& p) override { return disk.read_all(p); }
    Status put_if_absent(const std::string& p, std::string_view b) override {
        return disk.put_if_absent(p, b);
    }
    Status replace(const std::string& p, std::string_view b) override { return disk.replace(p, b); }
    Status rename(const std::string& a, const std::string& b) override { return disk.rename(a, b); }
    Status remove(const std::string& p) override { return disk.remove(p); }
    Status remove_tree(const std::string& p) override { return disk.remove_tree(p); }
    Result<io::FileInfo> stat(const std::string& p) override { return disk.stat(p); }
    Result<std::vector<io::FileInfo>> list(const std::string& p) override { return disk.list(p); }
    Status create_folders(const std::string& p) override { return disk.create_folders(p); }
    Status sync_folder(const std::string& p) override { return disk.sync_folder(p); }
    Result<std::unique_ptr<io::FileLock>> lock(const std::string& p) override {
        return disk.lock(p);
    }
    Result<uint64_t> free_bytes(const std::string& p) override { return disk.free_bytes(p); }
};

struct Files : testing::Test {
    CountingFiles files;
    std::unique_ptr<Engine> engine = std::move(*Engine::open({}, files, nullptr));
    std::unique_ptr<Session> session = std::move(*engine->session());
    std::string folder = TempDir() + "tarn_sql_files_" + std::to_string(getpid());
    void SetUp() override { ASSERT_TRUE(files.create_folders(folder)); }
    void TearDown() override { std::filesystem::remove_all(folder); }
    std::string json(const std::string& sql) {
        TextSink sink;
        auto stats = session->query(sql, {}, sink);
        return stats
                   ? sink.text
                   : std::string(to_string(stats.error().code())) + ": " + stats.error().message();
    }
};

TEST_F(Files, AWrittenFileIsSyncedAndItsErrorSurfaces) {
    ASSERT_TRUE(session->execute("copy (select 1 as a) to 'tarn://" + folder +
                                 "/a.parquet' (format parquet)"));
    EXPECT_EQ(files.syncs, 1);
    files.fail_sync = true;
    auto status = session->execute("copy (select 1 as a) to 'tarn://" + folder +
                                   "/b.parquet' (format parquet)");
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code(), ErrorCode::kIo);
    EXPECT_NE(status.error().message().find("lost its power"), std::string::npos);
    EXPECT_FALSE(engine->failed());
}

TEST_F(Files, GlobsWithOddNames) {
    for (std::string name : {"a b", "größe", "日本", "x[1]", "q'q", "50%"}) {
        std::string quoted = name == "q'q" ? "q''q" : name;
        ASSERT_TRUE(files.create_folders(folder + "/p=" + name));
        ASSERT_TRUE(session->execute("copy (select '" + quoted + "' as name) to 'tarn://" + folder +
                                     "/p=" + quoted + "/" + quoted + ".parquet' (format parquet)"))
            << name;
    }
    EXPECT_EQ(json("select string_agg(name, ' | ' order by name) as n from read_parquet('tarn://" +
                   folder + "/*/*.parquet', hive_partitioning = false)"),
              "{\"n\":\"50% | a b | größe | q'q | x[1] | 日本\"}\n");
    EXPECT_EQ(json("select count(*) as n from read_parquet('tarn://" + folder + "/**/*.parquet')"),
              "{\"n\":6}\n");
    EXPECT_EQ(json("select name from read_parquet('tarn://" + folder + "/p=gr*/gr??e.parquet')"),
              "{\"name\":\"größe\"}\n");
    EXPECT_EQ(json("select name from read_parquet('tarn://" + folder + "/p=x[1]/x[1].parquet')"),
              "{\"name\":\"x[1]\"}\n");
    EXPECT_TRUE(json("select * from read_parquet('tarn://" + folder + "/none*.parquet')")
                    .starts_with("io: "));
}

TEST_F(Files, AReplacedFileIsReadAnew) {
    for (int round = 0; round < 3; ++round) {
        auto value = std::to_string(round);
        ASSERT_TRUE(session->execute("copy (select " + value + " as a) to 'tarn://" + folder +
                                     "/a.parquet' (format parquet)"));
        for (std::string name : {"*.parquet", "a.parquet", "*.parquet"})
            EXPECT_EQ(json("select a from read_parquet('tarn://" + folder + "/" + name + "')"),
                      "{\"a\":" + value + "}\n");
    }
}

}  // namespace
}  // namespace tarn::sql
