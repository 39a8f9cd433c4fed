# Defines opencv::<module> for each module asked for.
#
# Debian puts OpenCVConfig.cmake and opencv4.pc into libopencv-dev, which pulls in every module with Qt and VTK behind
# it; libopencv-core-dev and its siblings hold headers and libraries alone. Where OpenCV's own configuration is there
# it is used, else the modules are found as files.
find_package(OpenCV QUIET CONFIG COMPONENTS ${OpenCVModules_FIND_COMPONENTS})
set(_required "")
foreach(_module IN LISTS OpenCVModules_FIND_COMPONENTS)
  if(OpenCV_FOUND AND TARGET opencv_${_module})
    if(NOT TARGET opencv::${_module})
      add_library(opencv::${_module} INTERFACE IMPORTED)
      target_link_libraries(opencv::${_module} INTERFACE opencv_${_module})
      target_include_directories(opencv::${_module} SYSTEM INTERFACE ${OpenCV_INCLUDE_DIRS})
    endif()
    set(OpenCVModules_${_module}_LIBRARY "opencv_${_module}")
    set(OpenCVModules_INCLUDE_DIR "${OpenCV_INCLUDE_DIRS}")
  else()
    find_path(OpenCVModules_INCLUDE_DIR opencv2/core.hpp PATH_SUFFIXES opencv4)
    find_library(OpenCVModules_${_module}_LIBRARY opencv_${_module})
    mark_as_advanced(OpenCVModules_INCLUDE_DIR OpenCVModules_${_module}_LIBRARY)
    if(OpenCVModules_${_module}_LIBRARY AND NOT TARGET opencv::${_module})
      add_library(opencv::${_module} UNKNOWN IMPORTED)
      set_target_properties(opencv::${_module} PROPERTIES
        IMPORTED_LOCATION "${OpenCVModules_${_module}_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${OpenCVModules_INCLUDE_DIR}")
      if(NOT _module STREQUAL "core")
        set_property(TARGET opencv::${_module} APPEND PROPERTY INTERFACE_LINK_LIBRARIES opencv::core)
      endif()
    endif()
  endif()
  list(APPEND _required OpenCVModules_${_module}_LIBRARY)
endforeach()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OpenCVModules REQUIRED_VARS OpenCVModules_INCLUDE_DIR ${_required})
