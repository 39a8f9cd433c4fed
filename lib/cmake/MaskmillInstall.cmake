# Installs the libraries, their headers and a package that `find_package(maskmill)` finds.
include(CMakePackageConfigHelpers)
get_property(_libraries GLOBAL PROPERTY MASKMILL_LIBRARIES)
install(TARGETS ${_libraries} EXPORT maskmillTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY lib/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/maskmill FILES_MATCHING PATTERN "*.h"
        PATTERN "cmake" EXCLUDE)
install(DIRECTORY schemas/ DESTINATION ${CMAKE_INSTALL_DATADIR}/maskmill/schemas)
install(EXPORT maskmillTargets NAMESPACE maskmill:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/maskmill)
configure_package_config_file(lib/cmake/maskmillConfig.cmake.in "${CMAKE_BINARY_DIR}/maskmillConfig.cmake"
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/maskmill)
write_basic_package_version_file("${CMAKE_BINARY_DIR}/maskmillConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_BINARY_DIR}/maskmillConfig.cmake" "${CMAKE_BINARY_DIR}/maskmillConfigVersion.cmake"
  lib/cmake/MaskmillDependencies.cmake lib/cmake/FindOpenCVModules.cmake lib/cmake/FindLibTorch.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/maskmill)
