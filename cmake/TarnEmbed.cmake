# tarn_embed(TARGET t NAMESPACE a::b HEADER out.h NAME symbol FILES file… [BASE folder])
#
# Puts files into the program. Generates a header (in the target's build folder, private to it) that declares
#   namespace a::b { std::span<const tarn::EmbeddedFile> symbol(); }
# with each file's path relative to BASE (default: the source folder) and its bytes. The bytes are linked by the
# assembler (.incbin), which costs no compile time.

function(tarn_embed)
  cmake_parse_arguments(E "" "TARGET;NAMESPACE;HEADER;NAME;BASE" "FILES" ${ARGN})
  if(NOT E_BASE)
    set(E_BASE ${CMAKE_SOURCE_DIR})
  endif()
  set(folder ${CMAKE_BINARY_DIR}/embed/${E_TARGET})
  set(assembly ".section .rodata\n")
  set(externs "")
  set(entries "")
  set(number 0)
  foreach(file IN LISTS E_FILES)
    file(RELATIVE_PATH name ${E_BASE} ${file})
    set(symbol tarn_embed_${E_TARGET}_${E_NAME}_${number})
    string(APPEND assembly ".balign 16\n.global ${symbol}_begin\n${symbol}_begin:\n.incbin \"${file}\"\n"
                           ".global ${symbol}_end\n${symbol}_end:\n.byte 0\n")
    string(APPEND externs "extern const char ${symbol}_begin[];\nextern const char ${symbol}_end[];\n")
    string(APPEND entries "        {\"${name}\", {${symbol}_begin, size_t(${symbol}_end - ${symbol}_begin)}},\n")
    math(EXPR number "${number} + 1")
  endforeach()
  string(APPEND assembly ".section .note.GNU-stack,\"\",@progbits\n")
  file(CONFIGURE OUTPUT ${folder}/${E_NAME}.S CONTENT "${assembly}" @ONLY)
  file(CONFIGURE OUTPUT ${folder}/${E_HEADER} CONTENT
"#pragma once
#include <span>
#include <string_view>
#include \"tarn/base/embedded.h\"
namespace ${E_NAMESPACE} {
std::span<const tarn::EmbeddedFile> ${E_NAME}();
}
" @ONLY)
  file(CONFIGURE OUTPUT ${folder}/${E_NAME}.cpp CONTENT
"#include \"${E_HEADER}\"
extern \"C\" {
${externs}}
namespace ${E_NAMESPACE} {
std::span<const tarn::EmbeddedFile> ${E_NAME}() {
    static const tarn::EmbeddedFile files[] = {
${entries}    };
    return files;
}
}
" @ONLY)
  set_source_files_properties(${folder}/${E_NAME}.S PROPERTIES OBJECT_DEPENDS "${E_FILES}")
  target_sources(${E_TARGET} PRIVATE ${folder}/${E_NAME}.S ${folder}/${E_NAME}.cpp)
  target_include_directories(${E_TARGET} PRIVATE ${folder})
endfunction()
