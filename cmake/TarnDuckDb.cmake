# DuckDB 1.5.6: official static archives and the C++ headers of exactly that version, put by tools/setup into the
# dependency cache, or taken from a folder of one's own (TARN_DUCKDB_DIR with lib/*.a and include/).

set(TARN_DUCKDB_VERSION 1.5.6)
if(NOT TARN_DUCKDB_DIR)
  if(DEFINED ENV{TARN_DEPS_DIR})
    set(deps $ENV{TARN_DEPS_DIR})
  elseif(DEFINED ENV{XDG_CACHE_HOME})
    set(deps $ENV{XDG_CACHE_HOME}/tarn)
  else()
    set(deps $ENV{HOME}/.cache/tarn)
  endif()
  set(duckdb_dir ${deps}/duckdb-${TARN_DUCKDB_VERSION})
else()
  set(duckdb_dir ${TARN_DUCKDB_DIR})
endif()

file(GLOB duckdb_archives ${duckdb_dir}/lib/*.a)
if(NOT duckdb_archives OR NOT EXISTS ${duckdb_dir}/include/duckdb.hpp)
  message(FATAL_ERROR "DuckDB ${TARN_DUCKDB_VERSION} is not at ${duckdb_dir}: run tools/setup, or point "
                      "-DTARN_DUCKDB_DIR at a folder with lib/*.a and include/duckdb.hpp")
endif()

add_library(tarn_duckdb INTERFACE)
target_include_directories(tarn_duckdb SYSTEM INTERFACE ${duckdb_dir}/include)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # libstdc++ 12's constexpr unique_ptr meets incomplete types in duckdb.hpp under clang.
  target_compile_definitions(tarn_duckdb INTERFACE _GLIBCXX23_CONSTEXPR=)
endif()

if(TARN_SANITIZE STREQUAL "thread" OR CMAKE_BUILD_TYPE STREQUAL "Debug")
  # Wrapped once in a shared library: fast links for development, and ThreadSanitizer can ignore it as a whole.
  set(wrap ${duckdb_dir}/lib/libduckdb_wrap.so)
  if(NOT EXISTS ${wrap})
    message(STATUS "wrapping DuckDB's archives in ${wrap}")
    set(core ${duckdb_dir}/lib/libduckdb_static.a)
    set(rest ${duckdb_archives})
    list(REMOVE_ITEM rest ${core})
    string(RANDOM LENGTH 8 suffix)  # several clones may do this at once; the last one to finish wins
    execute_process(COMMAND ${CMAKE_CXX_COMPILER} -shared -Wl,--whole-archive ${core} -Wl,--no-whole-archive
                            -Wl,--start-group ${rest} -Wl,--end-group -lpthread -ldl -lm -o ${wrap}.${suffix}
                    COMMAND_ERROR_IS_FATAL ANY)
    file(RENAME ${wrap}.${suffix} ${wrap})
  endif()
  target_link_libraries(tarn_duckdb INTERFACE ${wrap})
else()
  target_link_libraries(tarn_duckdb INTERFACE -Wl,--start-group ${duckdb_archives} -Wl,--end-group
                                              pthread dl m)
endif()
