# Fuzz targets: fuzz/<target>_fuzz.cpp with its corpus in fuzz/corpus/<target>. With TARN_FUZZ (preset fuzz) each is a
# libFuzzer program; otherwise its corpus is replayed as a test.

if(TARN_BUILD_TESTS OR TARN_FUZZ)
  foreach(target json decompress record_batch parquet_footer)
    set(fuzz_sources src/codec/fuzz/${target}_fuzz.cpp)
    if(target STREQUAL json)
      list(APPEND fuzz_sources src/codec/tests/json_test_support.cpp)
    endif()
    if(NOT TARN_FUZZ)
      list(APPEND fuzz_sources src/codec/fuzz/replay_main.cpp)
    endif()
    set(program tarn_codec_fuzz_${target})
    add_executable(${program} ${fuzz_sources})
    target_include_directories(${program} PRIVATE src/codec src/codec/tests)
    target_link_libraries(${program} PRIVATE tarn_codec tarn_warnings)
    if(TARN_FUZZ)
      target_link_options(${program} PRIVATE -fsanitize=fuzzer)
    else()
      add_test(NAME codec_corpus_${target} COMMAND ${program} ${CMAKE_SOURCE_DIR}/src/codec/fuzz/corpus/${target})
      set_tests_properties(codec_corpus_${target} PROPERTIES TIMEOUT 120 LABELS unit)
    endif()
  endforeach()
endif()

# Payload formats, a file each.
tarn_rows(TARGET tarn_codec NAMESPACE tarn::codec HEADER tarn/codec/payload_format.h ROW PayloadFormat
          FUNCTION payload_formats FOLDER src/codec/formats SUFFIX _format)
