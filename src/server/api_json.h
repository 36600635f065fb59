#pragma once

// What the modules know, as the JSON of openapi.yaml.

#include <string>
#include <string_view>

#include "host_names.h"
#include "ledger.h"
#include "tarn/catalog/payload.h"
#include "tarn/codec/record_batch.h"
#include "tarn/flow/runtime.h"
#include "tarn/lake/table_detail.h"
#include "tarn/log/log.h"
#include "tarn/view/view.h"

namespace tarn::server {

void write_json(JsonWriter& json, const log::TopicInfo& topic, const log::Log& log,
                std::optional<double> records_per_second);
void write_json(JsonWriter& json, const lake::TableInfo& table,
                std::optional<double> rows_per_second);
void write_json(JsonWriter& json, const lake::TableDetail& table,
                std::optional<double> rows_per_second);
void write_json(JsonWriter& json, std::string_view table, const lake::TableLayout& layout);
void write_json(JsonWriter& json, const lake::HistoryEntry& entry);
void write_json(JsonWriter& json, const flow::FlowStatus& flow);
void write_json(JsonWriter& json, const flow::RunRecord& run);
void write_json(JsonWriter& json, const view::View& view);
void write_json(JsonWriter& json, const Ledger& ledger);
void write_json(JsonWriter& json, const catalog::Payload& payload);
// Names and types, under the key "columns".
void write_columns(JsonWriter& json, const std::vector<codec::ColumnSpec>& columns);
Result<std::string> record_json(const codec::RecordView& record);

std::string ledger_json(const Ledger& ledger);
// {"flows": […]}
std::string flow_list_json(const std::vector<flow::FlowStatus>& flows);

// columns and key of a view, as fields.
void write_view_shape(JsonWriter& json, const view::ViewSpec& spec);

}  // namespace tarn::server
