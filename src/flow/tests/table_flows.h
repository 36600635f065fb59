#pragma once

// Incremental models over tables that statements make and change, on a simulated platform.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "tarn/lake/create_table.h"
#include "tarn/sql/table_statement.h"
#include "test_platform.h"

namespace tarn::flow {

class TableFlows : public ::testing::Test {
  protected:
    TableFlows() : platform_(1) {
        set_models({});
        EXPECT_TRUE(platform_.open());
    }
    void set_models(const std::vector<std::pair<std::string, std::string>>& models) {
        ManualClock c;
        io::SimulatedDisk d(1, c);
        (void)d.create_folders("p/models/gold");
        (void)d.replace("p/tarn.yml", "name: test\n");
        for (const auto& [name, text] : models)
            (void)d.replace("p/models/gold/" + name + ".sql", text);
        auto loaded = project::load_project(d, "p");
        ASSERT_TRUE(loaded) << loaded.error().message();
        platform_.project() = *loaded;
    }
    // The platform again, with these models.
    Status open(const std::vector<std::pair<std::string, std::string>>& models) {
        platform_.close();
        set_models(models);
        return platform_.open();
    }
    // Of a model gold.m: what opening says.
    std::string refused(const std::string& config, const std::string& sql) {
        auto opened =
            open({{"m", fmt::format("{{{{ config(materialized='incremental', {}) }}}}\n{}", config,
                                    sql)}});
        return opened ? "nothing" : opened.error().message();
    }
    void run(const std::string& sql) {
        auto at = platform_.context();
        auto statement = sql::parse_table_statement(at.engine, sql, false);
        ASSERT_TRUE(statement && *statement) << sql;
        auto done = lake::run_statement(at.lake, at.engine, **statement);
        ASSERT_TRUE(done) << sql << ": " << done.error().message();
    }
    void catch_up() {
        platform_.clock.advance(Duration::seconds(10));
        auto drained = platform_.drain();
        ASSERT_TRUE(drained) << drained.error().message();
    }
    std::vector<std::string> rows(const std::string& sql) {
        auto session = platform_.session().value();
        auto found =
            session->query_columns("select concat_ws(' ', columns(*)::varchar) from (" + sql + ")");
        EXPECT_TRUE(found) << found.error().message();
        std::vector<std::string> out;
        for (size_t row = 0; found && row < found->row_count; ++row) {
            out.emplace_back();
            for (const auto& column : found->columns)
                out.back() += (out.back().empty() ? "" : " ") +
                              (column.is_null(row) ? "-" : std::string(column.text(row)));
        }
        return out;
    }

    TestPlatform platform_;
};

}  // namespace tarn::flow
