# Defines LibTorch::torch from a folder that holds include/ and lib/: PyTorch's C++ distribution or the torch folder of
# an unzipped wheel.
#
# TorchConfig.cmake is not used: that of a CUDA build demands a CUDA toolkit, which linking does not need.
#
# Looked at in this order, the first that names anything is taken and must be right:
#   LIBTORCH_ROOT, LibTorch_ROOT, Torch_ROOT, Torch_DIR   CMake variables
#   LIBTORCH_ROOT, LibTorch_ROOT, Torch_ROOT, LIBTORCH    environment variables
# then, each only where it holds torch:
#   CMAKE_PREFIX_PATH, of CMake and of the environment
#   build/deps/torch in the source tree, where `make -C pipelines libtorch` unpacks the wheel
#
# Sets LibTorch_FOUND, LibTorch_VERSION, LibTorch_CUDA, LibTorch_CUDA_MAJOR and LibTorch_LIBRARY_DIRS (of torch and of what it
# loads).

set(LIBTORCH_ROOT "" CACHE PATH "Folder that holds LibTorch's include/ and lib/; empty looks for it")

# The folder itself, or the one below it that holds the headers: an archive is unpacked as libtorch/, a wheel as torch/.
function(_libtorch_folder_below folder result)
  foreach(_below "" "/torch" "/libtorch")
    if(EXISTS "${folder}${_below}/include/torch/csrc/api/include/torch/torch.h")
      set(${result} "${folder}${_below}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  set(${result} "" PARENT_SCOPE)
endfunction()

set(LibTorch_FOLDER "")
set(_libtorch_why "")

set(_libtorch_torch_dir "")
if(Torch_DIR)
  set(_libtorch_torch_dir "${Torch_DIR}/../../..")  # <root>/share/cmake/Torch
endif()
foreach(_where "LIBTORCH_ROOT=${LIBTORCH_ROOT}" "LibTorch_ROOT=${LibTorch_ROOT}" "Torch_ROOT=${Torch_ROOT}"
        "Torch_DIR=${_libtorch_torch_dir}" "the environment's LIBTORCH_ROOT=$ENV{LIBTORCH_ROOT}"
        "the environment's LibTorch_ROOT=$ENV{LibTorch_ROOT}" "the environment's Torch_ROOT=$ENV{Torch_ROOT}"
        "the environment's LIBTORCH=$ENV{LIBTORCH}")
  if(_where MATCHES "^([^=]+)=(.+)$" AND NOT LibTorch_FOLDER AND NOT _libtorch_why)
    set(_libtorch_name "${CMAKE_MATCH_1}")
    set(_libtorch_folder "${CMAKE_MATCH_2}")
    _libtorch_folder_below("${_libtorch_folder}" LibTorch_FOLDER)
    if(NOT LibTorch_FOLDER)
      set(_libtorch_why "${_libtorch_name} is ${_libtorch_folder}, which holds no include/torch/csrc/api/include/torch/torch.h")
    endif()
  endif()
endforeach()

if(NOT LibTorch_FOLDER AND NOT _libtorch_why)
  set(_libtorch_prefixes ${CMAKE_PREFIX_PATH})
  if(DEFINED ENV{CMAKE_PREFIX_PATH})
    string(REPLACE ":" ";" _libtorch_environment "$ENV{CMAKE_PREFIX_PATH}")
    list(APPEND _libtorch_prefixes ${_libtorch_environment})
  endif()
  get_filename_component(_libtorch_unpacked "${CMAKE_CURRENT_LIST_DIR}/../../build/deps/torch" ABSOLUTE)
  foreach(_libtorch_folder IN LISTS _libtorch_prefixes ITEMS "${_libtorch_unpacked}")
    if(NOT LibTorch_FOLDER)
      _libtorch_folder_below("${_libtorch_folder}" LibTorch_FOLDER)
    endif()
  endforeach()
  if(NOT LibTorch_FOLDER)
    list(JOIN _libtorch_prefixes ", " _libtorch_prefixes)
    set(_libtorch_why "LIBTORCH_ROOT is not set, CMAKE_PREFIX_PATH (${_libtorch_prefixes}) holds no torch, and there is none in ${_libtorch_unpacked}")
  endif()
endif()

if(LibTorch_FOLDER)
  get_filename_component(LibTorch_FOLDER "${LibTorch_FOLDER}" REALPATH)
  # 2.12 moved the numbers; the old place includes the new one.
  foreach(_header torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
    if(EXISTS "${LibTorch_FOLDER}/include/${_header}" AND NOT LibTorch_VERSION)
      file(STRINGS "${LibTorch_FOLDER}/include/${_header}" _lines REGEX "^#define TORCH_VERSION_(MAJOR|MINOR|PATCH) +[0-9]+")
      if(_lines MATCHES "MAJOR +([0-9]+).*MINOR +([0-9]+).*PATCH +([0-9]+)")
        set(LibTorch_VERSION "${CMAKE_MATCH_1}.${CMAKE_MATCH_2}.${CMAKE_MATCH_3}")
      endif()
    endif()
  endforeach()

  foreach(_library torch torch_cpu c10 torch_cuda c10_cuda)
    find_library(LibTorch_${_library}_LIBRARY ${_library} PATHS "${LibTorch_FOLDER}"
                 PATH_SUFFIXES lib lib64 "lib/${CMAKE_LIBRARY_ARCHITECTURE}" NO_DEFAULT_PATH NO_CACHE)
    if(NOT LibTorch_${_library}_LIBRARY AND NOT _library MATCHES "_cuda$")
      set(_libtorch_why "${LibTorch_FOLDER} holds headers, but not lib/lib${_library}.so")
    endif()
  endforeach()
  set(LibTorch_CUDA OFF)
  set(LibTorch_CUDA_MAJOR "")
  if(LibTorch_torch_cuda_LIBRARY AND LibTorch_c10_cuda_LIBRARY)
    set(LibTorch_CUDA ON)
    # It is linked to libcudart.so.13, or to libcudart-0123abcd.so.13 beside it.
    file(STRINGS "${LibTorch_c10_cuda_LIBRARY}" _needed REGEX "^libcudart[-0-9a-f]*\\.so\\.[0-9]+" LIMIT_COUNT 1)
    if(_needed MATCHES "\\.so\\.([0-9]+)")
      set(LibTorch_CUDA_MAJOR "${CMAKE_MATCH_1}")
    endif()
  endif()
endif()

# Everything else here is built with the C++11 ABI; against the old one every std::string in a signature would fail to link.
if(LibTorch_c10_LIBRARY AND NOT _libtorch_why)
  file(STRINGS "${LibTorch_c10_LIBRARY}" _symbols REGEX "^_ZN3c105ErrorC[12]E.*__cxx11" LIMIT_COUNT 1)
  if(NOT _symbols)
    set(_libtorch_why "${LibTorch_FOLDER} was built with GCC's old C++ ABI; the distribution must be one for the C++11 ABI (wheels from 2.7 on, archives named cxx11-abi)")
  endif()
endif()

include(FindPackageHandleStandardArgs)
if(_libtorch_why)
  set(_libtorch_why "${_libtorch_why}.
  To get it: make -C pipelines libtorch (downloads PyTorch's wheel into build/deps/torch and unpacks it), or
  -DLIBTORCH_ROOT=FOLDER with a folder that holds include/ and lib/, or
  -DMASKMILL_TORCH=OFF to build without training and prediction")
endif()
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LibTorch_FOLDER LibTorch_torch_LIBRARY LibTorch_torch_cpu_LIBRARY LibTorch_c10_LIBRARY
  VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE "${_libtorch_why}")

if(LibTorch_FOUND AND NOT TARGET LibTorch::torch)
  if(NOT LibTorch_VERSION VERSION_GREATER_EQUAL 2.11 OR LibTorch_VERSION VERSION_GREATER_EQUAL 2.14)
    message(WARNING "LibTorch ${LibTorch_VERSION} in ${LibTorch_FOLDER}: maskmill is tested with 2.11 to 2.13")
  endif()
  get_filename_component(LibTorch_LIBRARY_DIRS "${LibTorch_torch_LIBRARY}" DIRECTORY)
  if(LibTorch_CUDA)  # the wheel's CUDA libraries lie in packages of their own beside it
    file(GLOB _libtorch_nvidia LIST_DIRECTORIES true "${LibTorch_FOLDER}/../nvidia/*/lib")
    foreach(_libtorch_folder IN LISTS _libtorch_nvidia)
      get_filename_component(_libtorch_folder "${_libtorch_folder}" REALPATH)
      list(APPEND LibTorch_LIBRARY_DIRS "${_libtorch_folder}")
    endforeach()
  endif()

  # As flags among the libraries: these reach a program through a static library that links torch privately, and they
  # stay in an installed program, where CMake strips the search paths that it made up itself.
  set(_libtorch_link "")
  foreach(_libtorch_folder IN LISTS LibTorch_LIBRARY_DIRS)
    list(APPEND _libtorch_link "-Wl,-rpath,${_libtorch_folder}")
  endforeach()
  if(LibTorch_CUDA)
    # Nothing refers to libtorch_cuda, which registers its kernels when it is loaded; and what it refers to (cuDNN, NCCL)
    # is found by it at run time. What it wants of the C++ library is looked for there, not in the static libraries that
    # follow: they hold copies of some, and would all come along.
    list(APPEND _libtorch_link "-Wl,--allow-shlib-undefined"
         "-Wl,--push-state,--no-as-needed,${LibTorch_torch_cuda_LIBRARY},--pop-state" "${LibTorch_c10_cuda_LIBRARY}" -lstdc++)
  endif()
  add_library(LibTorch::torch INTERFACE IMPORTED)
  set_target_properties(LibTorch::torch PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${LibTorch_FOLDER}/include;${LibTorch_FOLDER}/include/torch/csrc/api/include"
    INTERFACE_LINK_LIBRARIES "${_libtorch_link};${LibTorch_torch_LIBRARY};${LibTorch_torch_cpu_LIBRARY};${LibTorch_c10_LIBRARY}")
endif()
