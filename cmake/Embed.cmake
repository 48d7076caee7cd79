# qos_embed(TARGET ROOT FILES...) puts files into the binary, so that the server starts with nothing beside it.
# They are listed by embedded_files() of server/embedded.hpp under their path below ROOT.
function(qos_embed target root)
  set(assembly ${CMAKE_CURRENT_BINARY_DIR}/embedded.S)
  set(table ${CMAKE_CURRENT_BINARY_DIR}/embedded_table.cpp)
  set(asm_text "  .section .rodata\n")
  set(declarations "")
  set(rows "")
  set(index 0)
  foreach(file ${ARGN})
    file(RELATIVE_PATH path ${root} ${file})
    string(APPEND asm_text "  .global qos_embedded_${index}\nqos_embedded_${index}:\n  .incbin \"${file}\"\n"
                           "  .global qos_embedded_end_${index}\nqos_embedded_end_${index}:\n  .byte 0\n")
    string(APPEND declarations
           "extern \"C\" const char qos_embedded_${index}[];\nextern \"C\" const char qos_embedded_end_${index}[];\n")
    string(APPEND rows "      {\"${path}\", {qos_embedded_${index}, static_cast<std::size_t>("
                       "qos_embedded_end_${index} - qos_embedded_${index})}},\n")
    math(EXPR index "${index} + 1")
  endforeach()
  string(APPEND asm_text "  .section .note.GNU-stack,\"\",@progbits\n")
  file(CONFIGURE OUTPUT ${assembly} CONTENT "${asm_text}" @ONLY)
  file(CONFIGURE OUTPUT ${table} CONTENT
       "#include \"server/embedded.hpp\"\n\n${declarations}\nnamespace qos::server {\nstd::span<const EmbeddedFile> embedded_files() {\n  static const EmbeddedFile files[] = {\n${rows}  };\n  return files;\n}\n}  // namespace qos::server\n"
       @ONLY)
  set_source_files_properties(${assembly} PROPERTIES OBJECT_DEPENDS "${ARGN}")
  target_sources(${target} PRIVATE ${assembly} ${table})
endfunction()
