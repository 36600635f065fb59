#pragma once

// Rows for the tests of views: (time, page, count, ratio), readable as text.

#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

#include "tarn/view/view.h"

namespace tarn::view {

struct Row {
    std::optional<int64_t> time_s;
    std::optional<std::string> page;
    std::optional<int64_t> count;
    std::optional<double> ratio;
};

inline ViewSpec page_view(std::string generation = "g1") {
    return {.name = "live.pages",
            .columns = {{"window_start", codec::ColumnType::kTimestamp, false},
                        {"page", codec::ColumnType::kText, false},
                        {"views", codec::ColumnType::kInt64, false},
                        {"ratio", codec::ColumnType::kDouble, false}},
            .key = {0, 1},
            .generation = std::move(generation)};
}

inline std::shared_ptr<const codec::ColumnBatch> rows_of(const std::vector<Row>& rows) {
    auto batch = std::make_shared<codec::ColumnBatch>();
    batch->schema = page_view().columns;
    batch->row_count = rows.size();
    codec::ColumnBuilder time(codec::ColumnType::kTimestamp), page(codec::ColumnType::kText),
        views(codec::ColumnType::kInt64), ratio(codec::ColumnType::kDouble);
    for (const auto& row : rows) {
        row.time_s ? time.add_int(*row.time_s * 1'000'000) : time.add_null();
        row.page ? page.add_text(*row.page) : page.add_null();
        row.count ? views.add_int(*row.count) : views.add_null();
        row.ratio ? ratio.add_double(*row.ratio) : ratio.add_null();
    }
    batch->columns.push_back(time.finish(*batch));
    batch->columns.push_back(page.finish(*batch));
    batch->columns.push_back(views.finish(*batch));
    batch->columns.push_back(ratio.finish(*batch));
    return batch;
}

// "5 a 3 -; 10 - 1 0.5": time in seconds, NULL as "-".
inline std::string text_of(const codec::ColumnBatch& batch) {
    std::string out;
    for (size_t row = 0; row < batch.row_count; ++row) {
        if (row > 0) out += "; ";
        const auto& c = batch.columns;
        out += c[0].is_null(row) ? "-" : fmt::format("{}", c[0].values<int64_t>()[row] / 1'000'000);
        out += c[1].is_null(row) ? " -" : fmt::format(" {}", c[1].text(row));
        out += c[2].is_null(row) ? " -" : fmt::format(" {}", c[2].values<int64_t>()[row]);
        out += c[3].is_null(row) ? " -" : fmt::format(" {}", c[3].values<double>()[row]);
    }
    return out;
}

inline std::string scan_text(const View& view, const ScanRange& range = {}) {
    auto rows = view.scan(range);
    return rows ? text_of(**rows) : "error: " + rows.error().message();
}

}  // namespace tarn::view
