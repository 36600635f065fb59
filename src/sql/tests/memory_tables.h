#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "tarn/io/file_system.h"
#include "tarn/sql/engine.h"
#include "tarn/sql/json_result.h"

namespace tarn::sql {

// Tables that a test puts there by hand.
class MemoryTables final : public TableProvider {
  public:
    std::map<std::string, TableRef> tables;  // "schema.table"

    Result<std::optional<TableRef>> resolve(std::string_view schema,
                                            std::string_view table) override {
        std::string name(schema);
        auto it = tables.find(name.empty() ? std::string(table) : name + "." + std::string(table));
        if (it == tables.end() && name.empty())
            for (it = tables.begin();
                 it != tables.end() && !it->first.ends_with("." + std::string(table));)
                ++it;
        if (it == tables.end()) return std::nullopt;
        return it->second;
    }
    std::vector<std::string> names() override {
        std::vector<std::string> out;
        for (auto& [n, _] : tables)
            out.push_back(n);
        return out;
    }
};

// Collects a result's rows, one JSON text a line.
class TextSink final : public JsonRowSink {
  public:
    std::string text;
    std::vector<ResultColumn> header;
    Status columns(std::span<const ResultColumn> c) override {
        header.assign(c.begin(), c.end());
        return {};
    }
    Status row(std::string_view json) override {
        text.append(json).append("\n");
        return {};
    }
};

struct Fixture {
    explicit Fixture(EngineOptions options = {}) {
        auto opened = Engine::open(std::move(options), fs, &tables);
        if (!opened) throw std::runtime_error(opened.error().message());
        engine = std::move(*opened);
        session = std::move(*engine->session());
    }
    // The rows, or "code: message".
    std::string json(std::string_view sql, QueryLimits limits = {}) {
        TextSink sink;
        auto stats = session->query(sql, limits, sink);
        if (!stats)
            return std::string(to_string(stats.error().code())) + ": " + stats.error().message();
        return sink.text;
    }
    MemoryTables tables;
    io::LocalFileSystem fs;
    std::unique_ptr<Engine> engine;
    std::unique_ptr<Session> session;
};

}  // namespace tarn::sql
