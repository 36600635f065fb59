# Figures of the engine, by hand: ninja tarn_sql_bench.
add_executable(tarn_sql_bench EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/bench/sql_bench.cpp)
target_link_libraries(tarn_sql_bench PRIVATE tarn_sql tarn_warnings)
