// TPC-H for bench/delta/run: the eight tables as Parquet files and the 22 queries, both by DuckDB's
// own extension, of the same version as Tarn's DuckDB.
//
//   tarn_tpch_data SCALE FOLDER      → FOLDER/<table>.parquet, FOLDER/queries.json

#include <duckdb.hpp>
#include <duckdb/main/database.hpp>
#include <duckdb/main/extension.hpp>

#include <cstdio>
#include <fstream>
#include <string>

namespace duckdb {
// Of libtpch_extension.a; DuckDB's headers leave it out.
class TpchExtension : public Extension {
  public:
    void Load(ExtensionLoader& loader) override;
    std::string Name() override;
    std::string Version() const override;
};
}  // namespace duckdb

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: %s SCALE FOLDER\n", argv[0]);
        return 2;
    }
    const std::string folder = argv[2];
    try {
        duckdb::DuckDB db(folder + "/generated.duckdb");
        db.LoadStaticExtension<duckdb::TpchExtension>();
        duckdb::Connection connection(db);
        auto run = [&](const std::string& sql) {
            auto result = connection.Query(sql);
            if (result->HasError()) result->ThrowError();
            return result;
        };
        run(std::string("CALL dbgen(sf = ") + argv[1] + ")");
        for (const char* table :
             {"customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier"})
            run(std::string("COPY ") + table + " TO '" + folder + "/" + table +
                ".parquet' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)");
        run("COPY (SELECT query_nr, query FROM tpch_queries() ORDER BY 1) TO '" + folder +
            "/queries.json' (FORMAT json, ARRAY true)");
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    return 0;
}
