# cmake -DBUILD=folder -DSOURCE=folder -DGENERATOR=name -DCOMPILER=program -P run.cmake
#
# Installs the build into a folder of its own, builds a project from outside the tree on it, and runs that project's program
# and the installed tools.
cmake_minimum_required(VERSION 3.22)
set(scratch "${BUILD}/tests/install")
file(REMOVE_RECURSE "${scratch}/prefix" "${scratch}/outside" "${scratch}/data")
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGN} ended with ${status}:\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

run(${CMAKE_COMMAND} --install "${BUILD}" --prefix "${scratch}/prefix")
run(${CMAKE_COMMAND} -G "${GENERATOR}" -S "${SOURCE}/tests/install/outside" -B "${scratch}/outside"
  "-DCMAKE_PREFIX_PATH=${scratch}/prefix" "-DLIBTORCH_ROOT=${LIBTORCH_ROOT}" "-DCMAKE_CXX_FLAGS=${FLAGS}" "-DCMAKE_CXX_COMPILER=${COMPILER}")
run(${CMAKE_COMMAND} --build "${scratch}/outside")
run("${BUILD}/bin/quickstart-shapes" "${scratch}/data")

run("${scratch}/outside/count_items" "${scratch}/data")
if(NOT output STREQUAL "pairs: 240 items\n")
  message(FATAL_ERROR "a project built on the installed libraries printed: ${output}")
endif()
run("${scratch}/prefix/bin/maskmill" info "${scratch}/data" --json)
string(JSON items GET "${output}" items)
if(NOT items EQUAL 240)
  message(FATAL_ERROR "the installed maskmill counts ${items} items instead of 240")
endif()

# What programs load while they run is found from where they were installed: TIFF needs it.
file(COPY "${SOURCE}/tests/data/image/rgb.tif" DESTINATION "${scratch}/data/images")
file(COPY_FILE "${SOURCE}/tests/data/image/gray8.tif" "${scratch}/data/masks/rgb.tif")
run("${scratch}/outside/count_items" "${scratch}/data")
if(NOT output STREQUAL "pairs: 241 items\n")
  message(FATAL_ERROR "a project built on the installed libraries printed: ${output}")
endif()
execute_process(COMMAND "${scratch}/prefix/bin/maskmill" check "${scratch}/data" --json OUTPUT_VARIABLE output)
string(FIND "${output}" "rgb.tif" found)
string(FIND "${output}" "cannot be read" unread)
if(found EQUAL -1 OR NOT unread EQUAL -1)  # its values have no labels, and that is all that is wrong with it
  message(FATAL_ERROR "the installed maskmill says of a TIFF mask: ${output}")
endif()
