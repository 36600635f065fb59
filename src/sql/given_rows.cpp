#include "tarn/sql/given_rows.h"

#include "duck.h"
#include "tarn/sql/quote.h"

namespace tarn::sql {

GivenRows::GivenRows(Session& session, const StreamSchema& schema,
                     const std::vector<std::shared_ptr<const codec::ColumnBatch>>& batches)
    : session_(session), name_(schema.name) {
    auto feed = make_feed(RowsRef{schema.columns, batches});
    feed->ordered = true;
    session_.impl().state->streams[name_] = std::move(feed);
}

GivenRows::~GivenRows() { session_.impl().state->streams.erase(name_); }

std::string GivenRows::text() const {
    return std::string(kStreamFunction) + "(" + quoted_text(name_) + ")";
}

}  // namespace tarn::sql
