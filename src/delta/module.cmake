# simdjson's on-demand parser is compiled for what the compiler may use: its SSE4.2 form also needs carry-less
# multiplication, which every x86-64-v2 processor has had since 2010.
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  set_source_files_properties(${root}/actions_json.cpp ${root}/statistics_read.cpp PROPERTIES COMPILE_OPTIONS -mpclmul)
endif()
