#pragma once

// Small batches for tests, independent of the codec's own builder.

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tarn/codec/column_batch.h"

namespace tarn::sql {

using codec::ColumnType;

class TestBatch {
  public:
    explicit TestBatch(size_t rows) : batch_(std::make_shared<codec::ColumnBatch>()) {
        batch_->row_count = rows;
    }

    template <class T>
    TestBatch& add(const std::string& name, ColumnType type,
                   const std::vector<std::optional<T>>& values) {
        codec::Column column;
        column.type = type;
        column.data.resize(values.size() * sizeof(T));
        for (size_t i = 0; i < values.size(); ++i) {
            if (values[i])
                column.values<T>()[i] = *values[i];
            else
                column.set_null(i, values.size());
        }
        return put(name, type, std::move(column));
    }
    TestBatch& text(const std::string& name,
                    const std::vector<std::optional<std::string>>& values) {
        codec::Column column;
        column.type = ColumnType::kText;
        column.data.resize(values.size() * sizeof(codec::TextRef));
        for (size_t i = 0; i < values.size(); ++i) {
            if (values[i])
                column.values<codec::TextRef>()[i] = codec::TextRef(keep(*values[i]));
            else
                column.set_null(i, values.size());
        }
        return put(name, ColumnType::kText, std::move(column));
    }
    TestBatch& dictionary(const std::string& name, const std::vector<std::string>& entries,
                          const std::vector<int>& codes) {
        codec::Column column;
        column.type = ColumnType::kText;
        column.dictionary = true;
        column.data.resize(entries.size() * sizeof(codec::TextRef));
        for (size_t i = 0; i < entries.size(); ++i)
            column.values<codec::TextRef>()[i] = codec::TextRef(keep(entries[i]));
        column.codes.resize(codes.size());
        for (size_t i = 0; i < codes.size(); ++i) {
            if (codes[i] >= 0)
                column.codes[i] = uint32_t(codes[i]);
            else
                column.set_null(i, codes.size());
        }
        return put(name, ColumnType::kText, std::move(column));
    }
    std::shared_ptr<const codec::ColumnBatch> share() const { return batch_; }
    const codec::ColumnBatch& operator*() const { return *batch_; }

  private:
    std::string_view keep(const std::string& text) {
        auto kept = std::make_shared<const std::string>(text);
        batch_->buffers.push_back(kept);
        return *kept;
    }
    TestBatch& put(const std::string& name, ColumnType type, codec::Column column) {
        batch_->schema.push_back({name, type, false});
        batch_->columns.push_back(std::move(column));
        return *this;
    }
    std::shared_ptr<codec::ColumnBatch> batch_;
};

}  // namespace tarn::sql
