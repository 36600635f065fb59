#pragma once

// Rows in memory that the SQL of one session reads as stream('name'), as long as this lives. The
// session must outlive it; one thread.

#include <memory>
#include <string>
#include <vector>

#include "tarn/codec/column_batch.h"
#include "tarn/sql/engine.h"
#include "tarn/sql/live_query.h"

namespace tarn::sql {

class GivenRows {
  public:
    // The batches have these columns, in this order. What had the name before is hidden for good.
    GivenRows(Session& session, const StreamSchema& schema,
              const std::vector<std::shared_ptr<const codec::ColumnBatch>>& batches);
    ~GivenRows();
    GivenRows(const GivenRows&) = delete;
    GivenRows& operator=(const GivenRows&) = delete;
    std::string text() const;  // in FROM

  private:
    Session& session_;
    const std::string name_;
};

}  // namespace tarn::sql
