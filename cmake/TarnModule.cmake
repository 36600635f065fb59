# tarn_module(NAME n [DEPS modules…] [LIBS public libraries…] [PRIVATE_LIBS libraries…])
#
# One static library for src/<n>: sources src/<n>/*.cpp and those of its folders (src/<n>/<part>/*.cpp; not tests and
# fuzz), which include each other from src/<n> on; public headers src/<n>/include/tarn/<n>/*.h, tests
# src/<n>/tests/*_test.cpp in one program tarn_<n>_tests. A dependency must be declared before its user, so the
# order of the calls in the root CMakeLists.txt is the order of the layers and a cycle cannot be written.
# A module of headers alone is an interface library.

function(tarn_check_deps name)
  foreach(dep IN LISTS ARGN)
    if(NOT TARGET tarn_${dep})
      message(FATAL_ERROR "module ${name} depends on ${dep}, which is not declared above it: "
                          "a module may use only modules of lower layers")
    endif()
  endforeach()
endfunction()

function(tarn_tests name)
  file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/tests/*_test.cpp)
  if(NOT TARN_BUILD_TESTS OR NOT tests)
    return()
  endif()
  file(GLOB helpers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/tests/*.cpp)
  add_executable(tarn_${name}_tests ${helpers})
  target_link_libraries(tarn_${name}_tests PRIVATE ${ARGN} GTest::gtest GTest::gmock GTest::gtest_main)
  # Private headers of the module under test are visible to its own tests only.
  target_include_directories(tarn_${name}_tests PRIVATE ${CMAKE_SOURCE_DIR}/src/${name})
  target_compile_definitions(tarn_${name}_tests PRIVATE
    TARN_SOURCE_DIR="${CMAKE_SOURCE_DIR}" TARN_TEST_DATA="${CMAKE_SOURCE_DIR}/src/${name}/tests/data")
  add_test(NAME ${name} COMMAND tarn_${name}_tests --gtest_brief=1)
  set_tests_properties(${name} PROPERTIES TIMEOUT 600 LABELS unit
    ENVIRONMENT "UBSAN_OPTIONS=print_stacktrace=1;TSAN_OPTIONS=ignore_noninstrumented_modules=1")
  # Modules with threads of their own are what the thread sanitizer is for: one target builds all their tests.
  if(${name} IN_LIST TARN_CONCURRENT_MODULES)
    set_property(TEST ${name} APPEND PROPERTY LABELS concurrent)
    if(NOT TARGET tarn_concurrent_tests)
      add_custom_target(tarn_concurrent_tests)
    endif()
    add_dependencies(tarn_concurrent_tests tarn_${name}_tests)
  endif()
endfunction()

function(tarn_module)
  cmake_parse_arguments(M "" "NAME" "DEPS;LIBS;PRIVATE_LIBS" ${ARGN})
  set(root ${CMAKE_SOURCE_DIR}/src/${M_NAME})
  file(GLOB sources CONFIGURE_DEPENDS ${root}/*.cpp ${root}/*/*.cpp)
  list(FILTER sources EXCLUDE REGEX "^${root}/(tests|fuzz)/")
  file(GLOB headers CONFIGURE_DEPENDS ${root}/include/tarn/${M_NAME}/*.h)
  tarn_check_deps(${M_NAME} ${M_DEPS})
  if(NOT sources)
    add_library(tarn_${M_NAME} INTERFACE)
    list(TRANSFORM M_DEPS PREPEND tarn_ OUTPUT_VARIABLE deps)
    target_include_directories(tarn_${M_NAME} INTERFACE ${root}/include)
    target_link_libraries(tarn_${M_NAME} INTERFACE ${deps} ${M_LIBS})
    return()
  endif()
  add_library(tarn_${M_NAME} STATIC ${sources})
  target_sources(tarn_${M_NAME} PUBLIC FILE_SET HEADERS BASE_DIRS ${root}/include FILES ${headers})
  list(TRANSFORM M_DEPS PREPEND tarn_ OUTPUT_VARIABLE deps)
  target_link_libraries(tarn_${M_NAME} PUBLIC ${deps} ${M_LIBS} PRIVATE ${M_PRIVATE_LIBS} tarn_warnings)
  target_include_directories(tarn_${M_NAME} PRIVATE ${root})
  # A module that generates sources or needs more says so in src/<n>/module.cmake.
  if(EXISTS ${root}/module.cmake)
    include(${root}/module.cmake)
  endif()
  tarn_tests(${M_NAME} tarn_${M_NAME} ${M_PRIVATE_LIBS} tarn_warnings)
endfunction()

# tarn_program(NAME n MODULE folder DEPS modules… [LIBS libraries…]): the executable, left at bin/<n> of the build.
function(tarn_program)
  cmake_parse_arguments(M "" "NAME;MODULE" "DEPS;LIBS" ${ARGN})
  set(root ${CMAKE_SOURCE_DIR}/src/${M_MODULE})
  file(GLOB sources CONFIGURE_DEPENDS ${root}/*.cpp)
  if(NOT sources)
    message(STATUS "program ${M_NAME}: no source yet, skipped")
    return()
  endif()
  tarn_check_deps(${M_MODULE} ${M_DEPS})
  add_executable(${M_NAME} ${sources})
  list(TRANSFORM M_DEPS PREPEND tarn_ OUTPUT_VARIABLE deps)
  target_link_libraries(${M_NAME} PRIVATE ${deps} ${M_LIBS} tarn_warnings)
  target_compile_definitions(${M_NAME} PRIVATE TARN_VERSION="${PROJECT_VERSION}")
  set_target_properties(${M_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  if(EXISTS ${root}/module.cmake)
    include(${root}/module.cmake)
  endif()
endfunction()

# A program tarn_<module>_bench for each bench/<module>_bench.cpp, not part of a build that does not name it.
function(tarn_benches)
  file(GLOB programs CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/*_bench.cpp)
  foreach(program IN LISTS programs)
    get_filename_component(name ${program} NAME_WE)
    string(REGEX REPLACE "_bench$" "" module ${name})
    add_executable(tarn_${name} EXCLUDE_FROM_ALL ${program})
    target_link_libraries(tarn_${name} PRIVATE tarn_${module} tarn_warnings)
    # Figures of a module's insides may need its private headers.
    target_include_directories(tarn_${name} PRIVATE ${CMAKE_SOURCE_DIR}/src/${module})
  endforeach()
endfunction()
