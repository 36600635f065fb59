#include <gtest/gtest.h>

#include "memory_tables.h"
#include "tarn/sql/engine.h"

namespace tarn::sql {
namespace {

TEST(Session, RowsAreJson) {
    Fixture f;
    EXPECT_EQ(f.json("select 1 as a, 'x\"y' as b, null as c, 9223372036854775807 as d, "
                     "1.50::decimal(9,2) as e"),
              "{\"a\":1,\"b\":\"x\\\"y\",\"c\":null,\"d\":9223372036854775807,\"e\":1.50}\n");
}

}  // namespace
}  // namespace tarn::sql
