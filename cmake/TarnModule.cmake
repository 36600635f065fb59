# tarn_module(NAME n [DEPS modules…] [LIBS public libraries…] [PRIVATE_LIBS libraries…] [TOGETHER files])
#
# One static library for src/<n>: sources src/<n>/*.cpp and those of its folders (src/<n>/<part>/*.cpp; not tests and
# fuzz), which include each other from src/<n> on; public headers src/<n>/include/tarn/<n>/*.h, tests as tarn_tests()
# says. A dependency must be declared before its user, so the order of the calls in the root CMakeLists.txt is the order
# of the layers and a cycle cannot be written. A module of headers alone is an interface library.
#
# TOGETHER: so many files of src/<n>/*.cpp are compiled as one, where the headers of a library cost more than the file
# that includes them (DuckDB's: ten seconds); so what such files have of their own needs names that differ. Files of the
# module's folders, the rows of its registries, are always compiled one by one.

function(tarn_check_deps name)
  foreach(dep IN LISTS ARGN)
    if(NOT TARGET tarn_${dep})
      message(FATAL_ERROR "module ${name} depends on ${dep}, which is not declared above it: "
                          "a module may use only modules of lower layers")
    endif()
  endforeach()
endfunction()

# tarn_test_program(module suffix label sources… LIBS libraries…): one program of a module's tests, and its ctest entry.
function(tarn_test_program module suffix label)
  cmake_parse_arguments(T "" "" "SOURCES;LIBS" ${ARGN})
  set(program tarn_${module}_${suffix})
  add_executable(${program} ${T_SOURCES})
  target_link_libraries(${program} PRIVATE ${T_LIBS} GTest::gtest GTest::gmock GTest::gtest_main)
  # Private headers of the module under test are visible to its own tests only.
  target_include_directories(${program} PRIVATE ${CMAKE_SOURCE_DIR}/src/${module})
  target_compile_definitions(${program} PRIVATE
    TARN_SOURCE_DIR="${CMAKE_SOURCE_DIR}" TARN_TEST_DATA="${CMAKE_SOURCE_DIR}/src/${module}/tests/data")
  set(environment UBSAN_OPTIONS=print_stacktrace=1 TSAN_OPTIONS=ignore_noninstrumented_modules=1)
  if(label STREQUAL "unit")
    add_test(NAME ${module} COMMAND ${program} --gtest_brief=1)
    # Modules of many tests begin first.
    list(LENGTH T_SOURCES many)
    set_tests_properties(${module} PROPERTIES ENVIRONMENT "${environment}" COST ${many})
    set(entries ${module})
  else()
    # A simulation is the longest entry: its tests are dealt out to two, which begin before all others.
    set(entries ${module}_${label}_1 ${module}_${label}_2)
    foreach(shard 0 1)
      list(GET entries ${shard} entry)
      add_test(NAME ${entry} COMMAND ${program} --gtest_brief=1)
      set_tests_properties(${entry} PROPERTIES COST 100
        ENVIRONMENT "${environment};GTEST_TOTAL_SHARDS=2;GTEST_SHARD_INDEX=${shard}")
    endforeach()
  endif()
  set_tests_properties(${entries} PROPERTIES TIMEOUT 1800 LABELS ${label})
  # Modules with threads of their own are what the thread sanitizer is for: one target builds all their tests.
  if(${module} IN_LIST TARN_CONCURRENT_MODULES)
    foreach(entry ${entries})
      set_property(TEST ${entry} APPEND PROPERTY LABELS concurrent)
    endforeach()
    if(NOT TARGET tarn_concurrent_tests)
      add_custom_target(tarn_concurrent_tests)
    endif()
    add_dependencies(tarn_concurrent_tests ${program})
  endif()
endfunction()

# Unit tests src/<n>/tests/*_test.cpp in the program tarn_<n>_tests, simulations *_simulation_test.cpp, which take
# longer, in tarn_<n>_simulation; what else lies there belongs to both.
function(tarn_tests name)
  file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/tests/*_test.cpp)
  if(NOT TARN_BUILD_TESTS OR NOT tests)
    return()
  endif()
  file(GLOB all CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/tests/*.cpp)
  set(units ${all})
  list(FILTER units EXCLUDE REGEX "_simulation_test\\.cpp$")
  tarn_test_program(${name} tests unit SOURCES ${units} LIBS ${ARGN})
  set(simulations ${tests})
  list(FILTER simulations INCLUDE REGEX "_simulation_test\\.cpp$")
  if(simulations)
    set(helpers ${all})
    list(FILTER helpers EXCLUDE REGEX "_test\\.cpp$")
    tarn_test_program(${name} simulation simulation SOURCES ${simulations} ${helpers} LIBS ${ARGN})
  endif()
endfunction()

function(tarn_module)
  cmake_parse_arguments(M "" "NAME;TOGETHER" "DEPS;LIBS;PRIVATE_LIBS" ${ARGN})
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
  if(M_TOGETHER)
    set_target_properties(tarn_${M_NAME} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${M_TOGETHER})
    list(FILTER sources INCLUDE REGEX "^${root}/[^/]+/")
    set_source_files_properties(${sources} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
  # A module that generates sources or needs more says so in src/<n>/module.cmake.
  if(EXISTS ${root}/module.cmake)
    include(${root}/module.cmake)
  endif()
  tarn_tests(${M_NAME} tarn_${M_NAME} ${M_PRIVATE_LIBS} tarn_warnings)
endfunction()

# tarn_program(NAME n SOURCE file MODULE m): the executable of one file over a module, left at bin/<n> of the build.
function(tarn_program)
  cmake_parse_arguments(M "" "NAME;SOURCE;MODULE" "" ${ARGN})
  add_executable(${M_NAME} ${M_SOURCE})
  target_link_libraries(${M_NAME} PRIVATE tarn_${M_MODULE} tarn_warnings)
  set_target_properties(${M_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
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
