# The functions from which every target of the project is made, so that warnings, sanitizers, precompiled headers,
# the alias, the export and the check that each header compiles alone are said once.

set_property(GLOBAL PROPERTY MASKMILL_LIBRARIES "")

function(maskmill_compile_options target)
  # For programs too, not -fPIE: a precompiled header serves one kind of code only.
  target_compile_options(${target} PRIVATE -fPIC)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # False alarms inside std::string, on concatenation (GCC bug 105651) and on temporaries that hold strings.
    target_compile_options(${target} PRIVATE
      -Wno-array-bounds -Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow)
  endif()
  if(MASKMILL_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(MASKMILL_SANITIZE)
    # -O1 and line numbers only: instrumented code takes GCC and Clang half as long again with -O2 -g.
    target_compile_options(${target} PRIVATE
      -fsanitize=${MASKMILL_SANITIZE} -fno-sanitize-recover=undefined -fno-omit-frame-pointer -O1 -g1)
    target_compile_definitions(${target} PRIVATE _GLIBCXX_ASSERTIONS)
    target_link_options(${target} PUBLIC -fsanitize=${MASKMILL_SANITIZE})
  endif()
  if(MASKMILL_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
  # Only what maskmill_join_sources joins is joined.
  set_target_properties(${target} PROPERTIES UNITY_BUILD_MODE GROUP)
endfunction()

# maskmill_join_sources(target [most]): where CMAKE_UNITY_BUILD is on, as in the preset release, the compiler takes the target's
# sources by the folder, at most 8 at once, or `most`, in their order of listing: they then share what each takes for its
# headers alone. Those with options of their own stay alone. Files of one folder keep their helpers' names apart.
function(maskmill_join_sources target)
  set(most 8)
  if(ARGC GREATER 1)
    set(most ${ARGV1})
  endif()
  if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Which takes joined files for headers, where a type of a nameless namespace in a type of another one is a slip.
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  endif()
  get_target_property(sources ${target} SOURCES)
  foreach(source IN LISTS sources)
    get_filename_component(folder "${source}" DIRECTORY)
    string(MAKE_C_IDENTIFIER "${folder}" folder)
    list(APPEND in_${folder} "${source}")
    list(LENGTH in_${folder} count)
    math(EXPR batch "(${count} - 1) / ${most}")
    set_source_files_properties("${source}" PROPERTIES UNITY_GROUP "${folder}_${batch}")
  endforeach()
endfunction()

# What most files parse is parsed once: 2 to 4 s a file. The presets dev and tidy build without it
# (CMAKE_DISABLE_PRECOMPILE_HEADERS), so that no file leans on what it does not include.
set(MASKMILL_PRECOMPILED
  <boost/filesystem.hpp> <nlohmann/json.hpp> <opencv2/core.hpp>
  <algorithm> <array> <cmath> <functional> <map> <memory> <optional> <set> <span> <string> <string_view> <variant> <vector>)

# maskmill_library(name SOURCES a.cpp b/c.cpp PUBLIC targets PRIVATE targets [PRECOMPILE headers] [JOIN most])
#
# Makes maskmill_<name>, also known as maskmill::<name>, from the sources given, relative to the calling folder.
# PUBLIC is what its headers include. PRECOMPILE gives headers of its own to precompile; else it shares those of
# maskmill_base. JOIN is maskmill_join_sources's.
function(maskmill_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "JOIN" "SOURCES;PUBLIC;PRIVATE;PRECOMPILE")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "maskmill_library(${name}): what is ${arg_UNPARSED_ARGUMENTS}?")
  endif()
  set(target maskmill_${name})
  add_library(${target} STATIC ${arg_SOURCES})
  add_library(maskmill::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/lib> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/maskmill>)
  target_link_libraries(${target} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
  maskmill_compile_options(${target})
  maskmill_join_sources(${target} ${arg_JOIN})
  if(arg_PRECOMPILE)
    target_precompile_headers(${target} PRIVATE ${arg_PRECOMPILE})
  else()
    target_precompile_headers(${target} REUSE_FROM maskmill_base)
  endif()
  set_property(GLOBAL APPEND PROPERTY MASKMILL_LIBRARIES ${target})
  maskmill_check_headers(${target} ${arg_PRIVATE})
endfunction()

# maskmill_plugin(name SOURCES ... LINKS ...): a library maskmill_<name> that programs load while they run, from lib/ beside
# their bin/. A project outside that links the installed libraries gets the run path with them.
function(maskmill_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINKS")
  add_library(maskmill_${name} MODULE ${arg_SOURCES})
  target_link_libraries(maskmill_${name} PRIVATE ${arg_LINKS})
  maskmill_compile_options(maskmill_${name})
  install(TARGETS maskmill_${name} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endfunction()

# maskmill_check_headers(target libraries...): compiles each header under the calling folder alone, where
# MASKMILL_CHECK_HEADERS asks for it, with what the target links for itself: one that leans on its includer breaks the
# build, not a user.
function(maskmill_check_headers target)
  if(NOT MASKMILL_CHECK_HEADERS)
    return()
  endif()
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}/lib" "${CMAKE_CURRENT_SOURCE_DIR}/*.h")
  if(NOT target STREQUAL "maskmill_learn_torch")
    list(FILTER headers EXCLUDE REGEX "^learn/torch/")
  endif()
  if(NOT headers)
    return()
  endif()
  set(generated "")
  foreach(header IN LISTS headers)
    string(MAKE_C_IDENTIFIER "${header}" stem)
    set(file "${CMAKE_BINARY_DIR}/header_check/${stem}.cpp")
    file(CONFIGURE OUTPUT "${file}" CONTENT "#include \"${header}\"\n#include \"${header}\"  // and twice\n")
    list(APPEND generated "${file}")
  endforeach()
  add_library(${target}_headers OBJECT ${generated})
  target_link_libraries(${target}_headers PRIVATE ${target} ${ARGN})
  maskmill_compile_options(${target}_headers)
endfunction()

# maskmill_program(name SOURCES main.cpp LINKS targets): an installed program bin/<name>.
function(maskmill_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "NO_INSTALL" "" "SOURCES;LINKS")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LINKS} fmt::fmt)
  maskmill_compile_options(${name})
  maskmill_join_sources(${name})
  target_precompile_headers(${name} REUSE_FROM maskmill_base)
  if(NOT arg_NO_INSTALL)
    install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endfunction()
