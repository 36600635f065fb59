# tarn_rows(TARGET t NAMESPACE a::b HEADER file.h ROW type FUNCTION name FOLDER folder SUFFIX suffix)
#
# A table whose rows lie in a folder, a file each: <folder>/<name>.cpp gives `ROW <name><suffix>()`, or several as
# `std::span<const ROW> <name><suffix>()`. Generates the function that HEADER declares,
#   std::span<const ROW> FUNCTION();
# which has those of all files, by the files' names. So a new row is a new file, and there is no list to forget.
# With SPANS the files give several rows each.

function(tarn_rows)
  cmake_parse_arguments(R "SPANS" "TARGET;NAMESPACE;HEADER;ROW;FUNCTION;FOLDER;SUFFIX" "" ${ARGN})
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${R_FOLDER}/*.cpp)
  set(given ${R_ROW})
  set(add "all.push_back(some)")
  if(R_SPANS)
    set(given "std::span<const ${R_ROW}>")
    set(add "all.insert(all.end(), some.begin(), some.end())")
  endif()
  set(declarations "")
  set(calls "")
  foreach(file IN LISTS files)
    get_filename_component(name ${file} NAME_WE)
    string(APPEND declarations "${given} ${name}${R_SUFFIX}();\n")
    string(APPEND calls "                                ${name}${R_SUFFIX},\n")
  endforeach()
  set(source ${CMAKE_BINARY_DIR}/generated/${R_TARGET}_${R_FUNCTION}.cpp)
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT
"// Generated from the files of ${R_FOLDER} (cmake/TarnRows.cmake).
#include <vector>

#include \"${R_HEADER}\"

namespace ${R_NAMESPACE} {

${declarations}
std::span<const ${R_ROW}> ${R_FUNCTION}() {
    static const auto kAll = [] {
        std::vector<${R_ROW}> all;
        for (auto* rows : {
${calls}             }) {
            const auto some = rows();
            ${add};
        }
        return all;
    }();
    return kAll;
}

}  // namespace ${R_NAMESPACE}
")
  target_sources(${R_TARGET} PRIVATE ${source})
endfunction()
