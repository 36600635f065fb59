# The codec of Kafka's messages, generated from messages/*.msg.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(kafka_generated ${CMAKE_CURRENT_BINARY_DIR}/generated/kafka)
file(MAKE_DIRECTORY ${kafka_generated})
file(GLOB kafka_messages CONFIGURE_DEPENDS ${root}/messages/*.msg)
add_custom_command(
  OUTPUT ${kafka_generated}/messages.h ${kafka_generated}/messages.cpp
  COMMAND Python3::Interpreter ${root}/generate.py ${kafka_generated} ${kafka_messages}
  DEPENDS ${root}/generate.py ${kafka_messages}
  COMMENT "Generating the codec of Kafka's messages"
  VERBATIM)
target_sources(tarn_kafka PRIVATE ${kafka_generated}/messages.cpp ${kafka_generated}/messages.h)
# Public to this module's own tests and fuzz target only: headers in src/kafka and the generated ones are private.
add_custom_target(tarn_kafka_messages DEPENDS ${kafka_generated}/messages.h)
add_dependencies(tarn_kafka tarn_kafka_messages)
target_include_directories(tarn_kafka PRIVATE ${kafka_generated})

# Once the module's tests exist: they see the generated headers too, and so do its test server and fuzz target.
function(tarn_kafka_test_targets)
  set(source ${CMAKE_SOURCE_DIR}/src/kafka)
  set(generated ${CMAKE_BINARY_DIR}/generated/kafka)
  if(TARGET tarn_kafka_tests)
    target_include_directories(tarn_kafka_tests PRIVATE ${generated})
    add_dependencies(tarn_kafka_tests tarn_kafka_messages)
    add_executable(tarn_kafka_test_server ${source}/tests/server/server_main.cpp)
    target_link_libraries(tarn_kafka_test_server PRIVATE tarn_kafka tarn_warnings)
  endif()
  # With its corpus in fuzz/corpus/frame: a libFuzzer program with TARN_FUZZ, otherwise replayed.
  if(TARN_BUILD_TESTS OR TARN_FUZZ)
    set(fuzz_sources ${source}/fuzz/frame_fuzz.cpp)
    if(NOT TARN_FUZZ)
      list(APPEND fuzz_sources ${CMAKE_SOURCE_DIR}/src/codec/fuzz/replay_main.cpp)
    endif()
    add_executable(tarn_kafka_fuzz_frame ${fuzz_sources})
    target_include_directories(tarn_kafka_fuzz_frame PRIVATE ${source} ${generated})
    add_dependencies(tarn_kafka_fuzz_frame tarn_kafka_messages)
    target_link_libraries(tarn_kafka_fuzz_frame PRIVATE tarn_kafka tarn_warnings)
    if(TARN_FUZZ)
      target_link_options(tarn_kafka_fuzz_frame PRIVATE -fsanitize=fuzzer)
    else()
      add_test(NAME kafka_corpus_frame COMMAND tarn_kafka_fuzz_frame ${source}/fuzz/corpus/frame)
      set_tests_properties(kafka_corpus_frame PROPERTIES TIMEOUT 120 LABELS unit)
    endif()
  endif()
endfunction()
cmake_language(DEFER CALL tarn_kafka_test_targets)
