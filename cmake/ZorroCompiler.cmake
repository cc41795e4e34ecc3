# MLIR, LLVM, lld and libonnx for the compiler half of the project.
# Debian's MLIR refuses a bare "22": the version file wants the minor version too.
find_package(MLIR 22.1 REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/mlir)
find_package(LLVM 22.1 REQUIRED CONFIG HINTS ${LLVM_DIR} /usr/lib/llvm-22/lib/cmake/llvm)
find_package(LLD 22.1 REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/lld)

list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
set(LLVM_RUNTIME_OUTPUT_INTDIR ${CMAKE_BINARY_DIR}/bin)
set(LLVM_LIBRARY_OUTPUT_INTDIR ${CMAKE_BINARY_DIR}/lib)
set(MLIR_BINARY_DIR ${CMAKE_BINARY_DIR})
# Debian ships lit inside LLVM's tools, under this name.
if(NOT LLVM_EXTERNAL_LIT)
  set(LLVM_EXTERNAL_LIT ${LLVM_TOOLS_BINARY_DIR}/lit CACHE PATH "lit")
endif()
include(TableGen)
include(AddLLVM)
include(AddMLIR)
include(HandleLLVMOptions)

include_directories(SYSTEM ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
include_directories(${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
separate_arguments(ZORRO_LLVM_DEFINITIONS NATIVE_COMMAND ${LLVM_DEFINITIONS})
add_definitions(${ZORRO_LLVM_DEFINITIONS})

# MLIR's headers take seven seconds to read; one precompiled copy brings a file to two.
add_library(ZorroPrecompiled OBJECT ${CMAKE_CURRENT_LIST_DIR}/Precompiled.cpp)
llvm_update_compile_flags(ZorroPrecompiled)
target_precompile_headers(ZorroPrecompiled PRIVATE ${CMAKE_CURRENT_LIST_DIR}/Precompiled.h)

# zorro_library(<Name> SOURCES... [DEPENDS ...] [LINK_LIBS ...]): a folder of the compiler.
function(zorro_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK_LIBS" ${ARGN})
  add_mlir_library(${name} ${ARG_UNPARSED_ARGUMENTS} EXCLUDE_FROM_LIBMLIR DISABLE_INSTALL
    PARTIAL_SOURCES_INTENDED
    DEPENDS ${ARG_DEPENDS} LINK_LIBS PUBLIC ${ARG_LINK_LIBS})
  target_precompile_headers(${name} REUSE_FROM ZorroPrecompiled)
endfunction()
