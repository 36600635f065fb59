// Statements and their expected rows from tests/data/*.slt:
//
//   # a comment
//   query                  a SELECT, up to ----; then the expected rows as JSON objects, up to an
//                          empty line
//   statement ok           no result expected
//   statement error TEXT   must fail with a message that has TEXT in it
//   restricted             what follows runs in a restricted engine
//
// The tables test.numbers(n, name) and test.times(t) are there.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "batches.h"
#include "memory_tables.h"

namespace tarn::sql {
namespace {

void add_tables(MemoryTables& tables) {
    TestBatch numbers(4), times(4);
    numbers.add<int64_t>("n", ColumnType::kInt64, {1, 2, 3, std::nullopt});
    numbers.text("name", {"one", "two", "a number of many letters", std::nullopt});
    times.add<int64_t>("t", ColumnType::kTimestamp, {0, -1, 1'700'000'000'123'456, std::nullopt});
    tables.tables["test.numbers"] = RowsRef{numbers.share()->schema, {numbers.share()}};
    tables.tables["test.times"] = RowsRef{times.share()->schema, {times.share()}};
}

class Script {
  public:
    explicit Script(const std::filesystem::path& path) : file_(path) { open(false); }

    void run() {
        for (std::string line; next(line);) {
            if (line.empty() || line[0] == '#') continue;
            SCOPED_TRACE("line " + std::to_string(number_) + ": " + line);
            if (line == "restricted")
                open(true);
            else if (line == "query")
                query();
            else if (line == "statement ok")
                statement("");
            else if (line.starts_with("statement error "))
                statement(line.substr(16));
            else
                ADD_FAILURE() << "not a directive";
        }
    }

  private:
    void open(bool restricted) {
        EngineOptions options;
        options.restricted = restricted;
        fixture_ = std::make_unique<Fixture>(options);
        add_tables(fixture_->tables);
    }
    bool next(std::string& line) { return ++number_, bool(std::getline(file_, line)); }
    // Lines up to `end`, or the end of the file.
    std::string until(const std::string& end) {
        std::string text;
        for (std::string line; next(line) && line != end;)
            text += line + "\n";
        return text;
    }
    void query() {
        auto sql = until("----");
        EXPECT_EQ(fixture_->json(sql), until("")) << sql;
    }
    void statement(const std::string& error) {
        auto sql = until("");
        auto status = fixture_->session->execute(sql);
        if (error.empty()) {
            EXPECT_TRUE(status) << status.error().message();
        } else {
            ASSERT_FALSE(status) << sql;
            EXPECT_NE(status.error().message().find(error), std::string::npos)
                << status.error().message();
        }
    }

    std::ifstream file_;
    int number_ = 0;
    std::unique_ptr<Fixture> fixture_;
};

TEST(Slt, Files) {
    int files = 0;
    for (auto& entry : std::filesystem::directory_iterator(TARN_TEST_DATA)) {
        if (entry.path().extension() != ".slt") continue;
        SCOPED_TRACE(entry.path().filename().string());
        Script(entry.path()).run();
        ++files;
    }
    EXPECT_GE(files, 2);
}

}  // namespace
}  // namespace tarn::sql
