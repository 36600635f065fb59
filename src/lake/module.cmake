# Writes and queries tables for tests/interop, which compares with other readers.
if(TARN_BUILD_TESTS)
  add_executable(tarn_lake_writer ${root}/tests/interop/lake_writer_main.cpp)
  target_link_libraries(tarn_lake_writer PRIVATE tarn_lake tarn_warnings)
endif()
