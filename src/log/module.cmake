# The bench of the log alone; `all` leaves it out.
add_executable(tarn_log_bench EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/bench/log_bench.cpp)
target_link_libraries(tarn_log_bench PRIVATE tarn_log tarn_warnings)
