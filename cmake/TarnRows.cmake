# tarn_rows(TARGET t NAMESPACE a::b HEADER file.h ROW type FUNCTION name FOLDER folder SUFFIX suffix
#           [SPANS] [FIRST names…] [LAST names…] [ALSO names…])
#
# A table whose rows lie in a folder, a file each: <folder>/<name>.cpp gives `ROW <name><suffix>()`, or several as
# `std::span<const ROW> <name><suffix>()`. Generates the function that HEADER declares,
#   std::span<const ROW> FUNCTION();
# which has those of all files, by the files' names but for those that FIRST and LAST name.
# ALSO: rows that stand in other files of the module. So a new row is a new file, and there is no list to forget.
# With SPANS the files give several rows each.

function(tarn_rows)
  cmake_parse_arguments(R "SPANS" "TARGET;NAMESPACE;HEADER;ROW;FUNCTION;FOLDER;SUFFIX" "FIRST;LAST;ALSO" ${ARGN})
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${R_FOLDER}/*.cpp)
  set(names ${R_ALSO})
  foreach(file IN LISTS files)
    get_filename_component(name ${file} NAME_WE)
    list(APPEND names ${name})
  endforeach()
  list(SORT names)
  if(R_FIRST OR R_LAST)
    list(REMOVE_ITEM names ${R_FIRST} ${R_LAST})
  endif()
  list(PREPEND names ${R_FIRST})
  list(APPEND names ${R_LAST})
  set(given ${R_ROW})
  set(add "all.push_back(some)")
  if(R_SPANS)
    set(given "std::span<const ${R_ROW}>")
    set(add "all.insert(all.end(), some.begin(), some.end())")
  endif()
  set(declarations "")
  set(calls "")
  foreach(name IN LISTS names)
    string(APPEND declarations "${given} ${name}${R_SUFFIX}();\n")
    string(APPEND calls "                                ${name}${R_SUFFIX},\n")
  endforeach()
  set(body "    static const auto kAll = [] {
        std::vector<${R_ROW}> all;
        for (auto* rows : {
${calls}             }) {
            const auto some = rows();
            ${add};
        }
        return all;
    }();
    return kAll;
")
  if(NOT names)
    set(body "    return {};\n")
  endif()
  set(source ${CMAKE_BINARY_DIR}/generated/${R_TARGET}_${R_FUNCTION}.cpp)
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT
"// Generated from the files of ${R_FOLDER} (cmake/TarnRows.cmake).
#include <vector>

#include \"${R_HEADER}\"

namespace ${R_NAMESPACE} {

${declarations}
std::span<const ${R_ROW}> ${R_FUNCTION}() {
${body}}

}  // namespace ${R_NAMESPACE}
")
  target_sources(${R_TARGET} PRIVATE ${source})
endfunction()
