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
target_include_directories(tarn_kafka PRIVATE ${root} ${kafka_generated})

# Once the module's tests exist: they see the generated headers too, and so do its test server and fuzz target.
function(tarn_kafka_test_targets)
  if(NOT TARN_BUILD_TESTS)
    return()
  endif()
  set(generated ${CMAKE_BINARY_DIR}/generated/kafka)
  if(TARGET tarn_kafka_tests)
    target_include_directories(tarn_kafka_tests PRIVATE ${generated})
    add_dependencies(tarn_kafka_tests tarn_kafka_messages)
  endif()
  add_executable(tarn_kafka_test_server ${CMAKE_SOURCE_DIR}/src/kafka/tests/server/server_main.cpp)
  target_link_libraries(tarn_kafka_test_server PRIVATE tarn_kafka tarn_warnings)
endfunction()
cmake_language(DEFER CALL tarn_kafka_test_targets)
