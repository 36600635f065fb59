# Compiler, linker, warnings and sanitizers, the same for every target.

find_program(TARN_CCACHE ccache)
if(TARN_CCACHE)
  # Hits across clones need paths relative to the root and no working folder in the hash.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${TARN_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()

find_program(TARN_MOLD mold)
if(TARN_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}/= -fno-omit-frame-pointer)
# x86-64-v2 has the crc32 instruction; wider ones are chosen at run time.
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  add_compile_options(-march=x86-64-v2)
endif()
# Debian's spdlog and fmt as compiled libraries: header-only use costs 8 s a file.
add_compile_definitions(SPDLOG_COMPILED_LIB SPDLOG_FMT_EXTERNAL)

if(TARN_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
elseif(TARN_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread)
  add_link_options(-fsanitize=thread)
  # ThreadSanitizer knows no bare fences; Asio's queues have locks besides.
  add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
elseif(TARN_SANITIZE)
  message(FATAL_ERROR "TARN_SANITIZE is '${TARN_SANITIZE}': use address, thread or nothing")
endif()

if(TARN_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
endif()

# Warnings are for our own files only; outside headers are SYSTEM includes.
add_library(tarn_warnings INTERFACE)
target_compile_options(tarn_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these falsely through inlined std::expected and std::string.
  target_compile_options(tarn_warnings INTERFACE -Wno-maybe-uninitialized -Wno-restrict -Wno-array-bounds
                                                 -Wno-stringop-overflow -Wno-dangling-pointer)
else()
  target_compile_options(tarn_warnings INTERFACE -Wthread-safety)
endif()
